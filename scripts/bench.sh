#!/usr/bin/env bash
# Measures every figure that we claim, and says on what. Fails where a figure is above its goal.
#
#   scripts/bench.sh [PROFILE]      default: release
#
# FIGURES=start,watch,large,full,heal,rules names the parts that are measured; all, when it is not set.
#
# The programs are built with PROFILE; what measures them is not. Goals: start to ready < 150 ms, memory at rest < 25 MiB, reflexion/process < 10 ms at the
# median, status change to published incident < 250 ms at the 99th percentile with 1,000 pods, one workload's diagnosis
# < 5 ms. With a generated cluster of 10,000 pods, 2,000 Deployments and 10,000 events (`large`): the agent at rest
# < 128 MiB, a scan of everything < 2 s with the agent < 256 MiB at its peak, with and without notices, `agent scan`
# < 256 MiB. With as much of every other kind as such a cluster has, which is printed (`full`): < 3 s, < 320 MiB.
#
# Nothing else should run on the machine meanwhile: it is no gate.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${1:-release}
folder="${CARGO_TARGET_DIR:-$PWD/target}/$([ "$profile" = dev ] && echo debug || echo "$profile")"

if [ -z "${FIGURES_BIN:-}" ]; then
    cargo build --profile "$profile" --workspace --all-features --locked --bins
fi
export FIGURES_BIN="${FIGURES_BIN:-$folder}"

printf 'on %s, %s cores, %s, load %s\n' "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1)" \
    "$(nproc)" "$(uname -sr)" "$(cut -d' ' -f1 /proc/loadavg)"
printf 'with %s (%s), %s\n\n' "$(git describe --always --dirty 2>/dev/null || echo unknown)" "$FIGURES_BIN" "$(rustc --version)"
# The rest is measured as well where a figure is above its goal.
failed=0
cargo bench --quiet --profile dev --workspace --all-features --locked --bench figures || failed=1
case ",${FIGURES:-rules}," in *,rules,*)
    printf '\nThe rules by themselves, with nothing read:\n'
    cargo bench --quiet --profile "$profile" --workspace --all-features --locked --bench rules -- --noplot || failed=1
    ;;
esac
exit "$failed"
