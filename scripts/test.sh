#!/usr/bin/env bash
# Runs every test of the workspace. Arguments go to the test runner: scripts/test.sh -p remedy
#
# KUBECONFIG_LIVE=FILE also runs the live tests against that cluster, in namespaces of their own.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${KUBECONFIG_LIVE:-}" ]; then
    echo "Live tests run against the cluster of $KUBECONFIG_LIVE."
else
    echo "LIVE TESTS ARE SKIPPED: set KUBECONFIG_LIVE to a cluster's kubeconfig to run them."
fi

if command -v cargo-nextest >/dev/null; then
    cargo nextest run --workspace --all-features --locked "$@"
else
    cargo test --workspace --all-features --locked "$@"
fi
