# shellcheck shell=bash
# The agent's promises: every endpoint of the contract to the field. To be sourced after cluster.sh.

# agent_health: what needs no pod.
agent_health() {
    chapter "agent: health, metrics, documentation"
    ask GET "$AGENT/health"
    claim "GET /health" 200 '.status == "ok" or .status == "degraded"' '.timestamp | time' '.version | text and length > 0'
    ask GET "$AGENT/livez"
    claim_text "GET /livez" 200 'ok'
    ask GET "$AGENT/readyz"
    claim_text "GET /readyz names what it waits for" 200 '^pods: ok'
    ask GET "$AGENT/metrics"
    claim_text "GET /metrics is Prometheus text" 200 '^# TYPE ' '^[a-z_]+(\{.*\})? [0-9.e+-]+'
    ask GET "$AGENT/docs" "" -L --compressed
    claim_text "GET /docs is Swagger UI" 200 '[Ss]wagger'
    ask GET "$AGENT/openapi.json"
    claim "GET /openapi.json lists the contract" 200 '.openapi | startswith("3.")' \
        '.paths | has("/api/v1/k8sgpt-analyze") and has("/api/v1/execute-fix") and has("/api/v1/pod-status/{podName}")' \
        '.paths | has("/api/v1/cluster-metrics") and has("/api/v1/recent-events") and has("/health")'
}

# agent_reads: what is there in any cluster.
agent_reads() {
    chapter "agent: cluster-metrics, recent-events, incidents"
    ask GET "$AGENT/api/v1/cluster-metrics"
    claim "GET cluster-metrics" 200 '.cpu_usage | type == "number" and . >= 0' '.memory_pressure | flag' \
        '.concurrent_ops | whole' '.node_count | whole' '.pod_count | whole' '.timestamp | time' \
        '.source == "metrics-server" or .source == "requests"'
    ask GET "$AGENT/api/v1/recent-events"
    claim "GET recent-events: at most 50, newest first" 200 '.count == (.events | length)' '.count <= 50' \
        'all(.events[]; (.type | text) and (.reason | text) and (.message | text) and (.object | text) and (.timestamp | time))' \
        '[.events[].timestamp | sub("[.][0-9]+"; "")] | . == (sort | reverse)'
    ask GET "$AGENT/api/v1/recent-events?limit=1000"
    claim "recent-events with a limit that cannot be" 400 'problem(400)'
    ask POST "$AGENT/api/v1/scan" '{"notices": true}'
    claim "POST scan" 200 '.n_objects | whole and . > 0' '.findings | type == "array"' '.taken_at | time' '(.unread // []) == []'
    ask POST "$AGENT/api/v1/scan" '{"labels": "=web"}'
    claim "a scan for labels that are none" 400 'problem(400)'
    ask GET "$AGENT/api/v1/incidents"
    claim "GET incidents" 200 '.count == (.incidents | length)'
    ask GET "$AGENT/api/v1/incidents/0190a000-0000-7000-8000-000000000000"
    claim "an incident that nobody knows" 404 'problem(404)'
    ask GET "$AGENT/api/v1/incidents/nonsense"
    claim "an incident's id that is none" 400 'problem(400)'
    ask GET "$AGENT/api/v1/executions"
    claim "GET executions" 200 '.count == (.executions | length)'
    ask GET "$AGENT/api/v1/executions/0190a000-0000-7000-8000-000000000000"
    claim "an execution that nobody knows" 404 'problem(404)'
    ask GET "$AGENT/api/v1/mode"
    claim "GET mode" 200 '.mode == "observe" or .mode == "suggest" or .mode == "auto"'
    ask GET "$AGENT/api/v1/nothing"
    claim "a path that is none" 404 'problem(404)'
}

# agent_bad_input: each gets a problem body that says what to do, and nothing falls over.
agent_bad_input() {
    chapter "agent: bad input"
    local path
    for path in k8sgpt-analyze execute-fix; do
        ask POST "$AGENT/api/v1/$path" '{"pod_name": '
        claim "$path with malformed JSON" 400 'problem(400)' '.next | text'
        ask POST "$AGENT/api/v1/$path" '{"namespace": "default"}'
        claim "$path without pod_name" 400 'problem(400)'
        ask POST "$AGENT/api/v1/$path" '{"pod_name": 7, "namespace": "default", "strategy": {"type": "wait"}}'
        claim "$path with a number for a name" 400 'problem(400)'
        ask POST "$AGENT/api/v1/$path" '{"pod_name": "../x", "namespace": "default", "strategy": {"type": "wait"}}'
        claim "$path with a name that is none" 400 'problem(400)'
        ask POST "$AGENT/api/v1/$path" '{"pod_name": "web", "namespace": "No Label", "strategy": {"type": "wait"}}'
        claim "$path with a namespace that is none" 400 'problem(400)'
        ask POST "$AGENT/api/v1/$path" '{"pod_name": "not-there", "namespace": "default", "strategy": {"type": "wait"}}'
        claim "$path for a pod that is not there" 404 'problem(404)'
    done
    ask POST "$AGENT/api/v1/execute-fix" '{"pod_name": "not-there", "strategy": {"type": "wait"}, "force": true}'
    claim "execute-fix with an unknown field" 400 'problem(400)'
    head -c 4000000 /dev/zero | tr '\0' 'a' >"$run/large"
    ask POST "$AGENT/api/v1/k8sgpt-analyze" "@$run/large"
    claim "a body of 4 MB" 413 'problem(413)'
    ask GET "$AGENT/api/v1/pod-status/not-there?namespace=default"
    claim "pod-status of a pod that is not there" 404 'problem(404)' '.error | test("not there|not found|Not found")'
    ask GET "$AGENT/api/v1/pod-status/not-there"
    claim "pod-status without namespace means default" 404 'problem(404)'
    ask GET "$AGENT/api/v1/pod-status/Not_A_Name"
    claim "pod-status of a name that is none" 400 'problem(400)'
    ask PUT "$AGENT/api/v1/mode" '{"mode": "berserk"}'
    claim "a mode that is none" 400 'problem(400)'
    ask GET "$AGENT/health"
    claim "it is still there" 200 '.status == "ok"'
}

# agent_analyzes NAMESPACE POD ERROR_TYPE: what is wrong with the pod; "" for a healthy one.
agent_analyzes() {
    ask POST "$AGENT/api/v1/k8sgpt-analyze" "$(jq -n --arg pod "$2" --arg ns "$1" '{pod_name: $pod, namespace: $ns}')"
    claim "k8sgpt-analyze finds ${3:-nothing}" 200 '.success == true' '.analysis | object' '.confidence | share' \
        ".error_type == \"$3\"" '.timestamp | time' '.analysis.evidence | object' '.analysis.diagnoses | type == "array"' \
        '.analysis.offers | type == "array"'
}

# agent_shows NAMESPACE POD PHASE READY
agent_shows() {
    ask GET "$AGENT/api/v1/pod-status/$2?namespace=$1"
    claim "pod-status: $3, ready: $4" 200 ".status == \"$3\"" ".containers_ready == $4" '.restart_count | whole' \
        '.health_checks | object' 'all(.health_checks[]; text)' '.timestamp | time' \
        "if $4 then (.ready_time | time) else ((.ready_time // \"\") == \"\") end"
}

# fix NAMESPACE POD STRATEGY [MORE FIELDS]: asks for a fix.
fix() {
    local body more=${4:-}
    body=$(jq -n --arg pod "$2" --arg ns "$1" --argjson strategy "$3" --argjson more "${more:-null}" \
        '{pod_name: $pod, namespace: $ns, strategy: $strategy} + $more')
    ask POST "$AGENT/api/v1/execute-fix" "$body" "${@:5}"
}

fix_answer='(.success | flag) and (.execution_id | text and length > 0) and (.result | object) and (.timestamp | time)'

# execution_is ID FILTER: for claim_soon.
execution_is() {
    curl -sS -m 10 -H "Authorization: Bearer $token" "$AGENT/api/v1/executions/$1" | jq -e "$2"
}
