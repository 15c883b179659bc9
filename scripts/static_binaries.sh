#!/usr/bin/env bash
# Builds both services as static binaries, for images that hold nothing else.
#
#   scripts/static_binaries.sh [PROFILE] [FOLDER]      default: release deploy/bin
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${1:-release}
folder=${2:-deploy/bin}
target="$(uname -m)-unknown-linux-gnu"

# --target is what keeps the flag away from procedural macros, which cannot be static.
RUSTFLAGS="-C target-feature=+crt-static" cargo build --profile "$profile" --target "$target" \
    --workspace --all-features --locked --bin agent --bin reflexion

built="${CARGO_TARGET_DIR:-target}/$target/$([ "$profile" = dev ] && echo debug || echo "$profile")"
mkdir -p "$folder/data"
install -m 0755 "$built/agent" "$built/reflexion" "$folder/"
install -m 0644 deploy/policy.yaml "$folder/policy.yaml"
# An empty folder does not survive every way of copying.
touch "$folder/data/.keep"
ls -l "$folder"
