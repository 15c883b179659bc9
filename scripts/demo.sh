#!/usr/bin/env bash
# Builds everything, starts a small cluster of our own with both services, breaks five workloads in
# five ways and shows each being seen, explained, fixed, verified and learned from. Then it breaks
# one again, to show that memory heals it, and leaves the services up until Ctrl-C.
#
#   scripts/demo.sh [--exit] [--speed N] [--agent ADDRESS] [--reflexion ADDRESS]
#
# --exit stops when the show is over. Needs a Rust toolchain and nothing else; BUILD=no does not build.
# With OPENAI_API_KEY set, reflexion may also ask a model.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${BUILD:-yes}" != no ]; then
    echo "Building (the first time takes a few minutes) ..."
    cargo build --workspace --all-features --locked --bins
fi

exec "${CARGO_TARGET_DIR:-target}/debug/demo" "$@"
