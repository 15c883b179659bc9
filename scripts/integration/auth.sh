# shellcheck shell=bash
# Who may call what. To be sourced after claims.sh.

# service_auth URL PATHS THAT READ...
service_auth() {
    local url=$1 path
    shift
    token=""
    for path in "$@"; do
        ask GET "$url$path"
        claim "$path without a token" 401 'problem(401)'
    done
    token="wrong-wrong-wrong-wrong"
    ask GET "$url$1"
    claim "$1 with a wrong token" 401 'problem(401)'
    token=""
    ask GET "$url/health"
    claim "/health is open" 200 '.status | text'
    ask GET "$url/metrics"
    claim_text "/metrics is open" 200 '^# TYPE '
}

agent_auth() {
    chapter "agent: who may call"
    service_auth "$AGENT" /api/v1/cluster-metrics /api/v1/recent-events /api/v1/pod-status/x /api/v1/incidents \
        /api/v1/executions /api/v1/mode
    local fix='{"pod_name": "not-there", "strategy": {"type": "wait"}}'
    ask POST "$AGENT/api/v1/execute-fix" "$fix"
    claim "execute-fix without a token" 401 'problem(401)'
    token=$TOKEN_READ
    ask POST "$AGENT/api/v1/execute-fix" "$fix"
    claim "execute-fix with a token that may only read" 403 'problem(403)' '.next | test("order")'
    token=$TOKEN_ORDER
    ask POST "$AGENT/api/v1/executions/018f0000-0000-7000-8000-000000000000/approve"
    claim "saying yes with a token that may only order" 403 'problem(403)' '.next | test("act")'
    token=$TOKEN_ACT
    ask POST "$AGENT/api/v1/executions/018f0000-0000-7000-8000-000000000000/approve"
    claim "saying yes to nothing with a token that may act" 404 'problem(404)'
    ask PUT "$AGENT/api/v1/mode" '{"mode": "auto"}'
    claim "changing the mode with a token that may only act" 403 'problem(403)'
    token=$TOKEN_READ
    ask GET "$AGENT/api/v1/mode"
    claim "reading with a token that may read" 200 '.mode | text'
}

reflexion_auth() {
    chapter "reflexion: who may call"
    service_auth "$REFLEXION" /api/v1/reflexion/strategies /api/v1/memory/statistics
    ask POST "$REFLEXION/api/v1/reflexion/process" '{"pod_name": "x", "error_type": "OOMKilled"}'
    claim "process without a token" 401 'problem(401)'
    token=$TOKEN_READ
    ask POST "$REFLEXION/api/v1/reflexion/process" '{"pod_name": "x", "error_type": "OOMKilled"}'
    claim "process with a token that may only read" 403 'problem(403)'
}
