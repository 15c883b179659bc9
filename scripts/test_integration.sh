#!/usr/bin/env bash
# The contract of both services, claim by claim.
#
#   scripts/test_integration.sh                                    starts a sandbox and both services itself
#   scripts/test_integration.sh --agent URL --reflexion URL [--token TOKEN]
#                                                                  against services that run; writes nothing
#   scripts/test_integration.sh --live                             both services against the cluster of
#                                                                  KUBECONFIG_LIVE, in a namespace of its own
#
# Needs bash, curl and jq; --live also kubectl. PROFILE_DIR=release tests other binaries than the debug ones,
# BUILD=no does not build. Exits with 1 when a claim does not hold.
set -euo pipefail

for tool in curl jq; do
    command -v "$tool" >/dev/null || { echo "error: $tool is missing; install it first" >&2; exit 2; }
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/services.sh
. "$here/services.sh"
# shellcheck source=scripts/integration/claims.sh
. "$here/integration/claims.sh"
# shellcheck source=scripts/integration/cluster.sh
. "$here/integration/cluster.sh"
# shellcheck source=scripts/integration/agent.sh
. "$here/integration/agent.sh"
# shellcheck source=scripts/integration/auth.sh
. "$here/integration/auth.sh"
# shellcheck source=scripts/integration/fixes.sh
. "$here/integration/fixes.sh"
# shellcheck source=scripts/integration/reflexion.sh
. "$here/integration/reflexion.sh"
# shellcheck source=scripts/integration/live.sh
. "$here/integration/live.sh"

usage() { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

mode=sandbox
AGENT="" REFLEXION="" given_token=""
while [ $# -gt 0 ]; do
    case $1 in
        --live) mode=live; shift ;;
        --agent) mode=running; AGENT=${2:-}; shift 2 || usage ;;
        --reflexion) mode=running; REFLEXION=${2:-}; shift 2 || usage ;;
        --token) given_token=${2:-}; shift 2 || usage ;;
        *) usage ;;
    esac
done

finish() {
    local code=$?
    trap - EXIT
    [ "$mode" != live ] || live_clean || true
    stop_services
    if [ "$code" = 0 ]; then rm -rf "$run"; else echo "Logs are in $run." >&2; fi
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

against_running() {
    [ -n "$AGENT" ] || [ -n "$REFLEXION" ] || usage
    token=$given_token
    if [ -n "$AGENT" ]; then
        agent_health
        agent_reads
        agent_bad_input
    fi
    if [ -n "$REFLEXION" ]; then
        reflexion_health
        reflexion_bad_input
        reflexion_simulates
    fi
}

# The same agent again, on the same port with the same files.
restart_agent() {
    stop agent "${1:-TERM}"
    start_agent "$agent_port" auto --settle-seconds 1 --verify-seconds 20
}

# 60 events, so that there are more than are shown.
make_events() {
    local n
    for n in $(seq 60); do
        api POST /api/v1/namespaces/shop/events "$(jq -n --arg n "$n" '(now - ($n | tonumber) | floor | todate) as $at
            | {apiVersion: "v1", kind: "Event", metadata: {name: "made-\($n)"}, type: "Normal", reason: "Made", count: 1,
               message: "number \($n)", involvedObject: {kind: "Pod", namespace: "shop", name: "made"},
               firstTimestamp: $at, lastTimestamp: $at, source: {component: "test"}}')" >/dev/null
    done
}

cluster_numbers() {
    local nodes pods
    nodes=$(api GET /api/v1/nodes | jq '.items | length')
    pods=$(api GET /api/v1/pods | jq '.items | length')
    ask GET "$AGENT/api/v1/cluster-metrics"
    claim "cluster-metrics counts what is there" 200 ".node_count == $nodes" ".pod_count == $pods" '.cpu_usage <= 100'
    ask GET "$AGENT/api/v1/recent-events"
    claim "of many events 50 are shown" 200 '.count == 50'
    ask GET "$AGENT/api/v1/recent-events?namespace=shop&reason=Made&limit=3"
    claim "events can be filtered" 200 '[.events[].message] == ["number 1", "number 2", "number 3"]' \
        'all(.events[]; .object == "Pod/made")'
    patience=2 ask GET "$AGENT/api/v1/incidents/stream" "" -N
    status=${status%% *}
    claim_text "the stream tells open incidents at once" "$status" '^event: incident' '^data: \{' '^id: [0-9]'
}

against_sandbox() {
    agent_port=$(free_port)
    reflexion_port=$(free_port)
    make_tokens
    test_policy
    start_sandbox 20
    API=$(grep -o 'http://[0-9.:]*' "$KUBECONFIG_FILE" | head -1)
    start_agent "$agent_port" auto --settle-seconds 1 --verify-seconds 20
    start_reflexion "$reflexion_port" --follow false
    make_namespace shop "$enrolled"
    make_namespace other
    make_deployment shop web nginx:1.27 '.spec.replicas = 2'
    make_deployment other web nginx:1.27
    wait_until 60 "the healthy workload" is_healthy shop web
    wait_until 60 "the healthy workload" is_healthy other web
    make_events

    agent_auth
    reflexion_auth
    token=$TOKEN_READ
    agent_health
    token=$TOKEN_ADMIN
    agent_bad_input
    token=$TOKEN_ACT
    agent_reads
    chapter "agent: what is wrong"
    agent_analyzes shop "$(pod_of shop web)" ""
    agent_shows shop "$(pod_of shop web)" Running true
    break_image other first
    agent_analyzes other "$pod" ImagePullBackOff
    agent_shows other "$pod" Pending false
    cluster_numbers
    reflexion_health
    reflexion_bad_input
    reflexion_simulates

    fixes_refused
    fixes_made
    fixes_undone
    fixes_approved
    fixes_stopped
    fixes_survive
    reflexion_heals
    reflexion_forgets
    reflexion_waits_for_the_agent
    stop reflexion
    start_reflexion "$reflexion_port"
    reflexion_follows
    changes_are_left
}

case $mode in
    running) against_running ;;
    sandbox)
        [ "${BUILD:-yes}" = no ] || build_services
        against_sandbox
        ;;
    live) against_live ;;
esac
verdict
