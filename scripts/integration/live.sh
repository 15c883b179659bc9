# shellcheck shell=bash
# Both services against a real cluster, with faults of our own in namespaces of their own. To be sourced after reflexion.sh.

live=""

# on_live KUBECTL ARGUMENT...
on_live() { KUBECONFIG="$KUBECONFIG_LIVE" kubectl "$@"; }

live_clean() {
    [ -n "$live" ] || return 0
    on_live delete namespace "$live" "$live-other" "$live-agent" --wait=false --ignore-not-found >/dev/null 2>&1
    on_live delete clusterrolebinding,clusterrole "$live-observer" "$live-executor" "$live-restorer" --ignore-not-found >/dev/null 2>&1
    on_live delete validatingadmissionpolicybinding,validatingadmissionpolicy "$live-executor" "$live-executor-pods" \
        "$live-executor-services" "$live-executor-leases" "$live-restorer" "$live-restorer-pods" \
        --ignore-not-found >/dev/null 2>&1
}

# The agent gets exactly the rights of deploy/base, so that this run also proves them to be enough.
live_prepare() {
    local port
    live="k8s-reflexion-live-$(head -c 4 /dev/urandom | od -An -tx1 | tr -d ' \n')"
    port=$(free_port)
    start proxy kubectl --kubeconfig "$KUBECONFIG_LIVE" proxy --port "$port"
    API="http://127.0.0.1:$port"
    wait_until 20 "kubectl proxy" is_up "$API/version"
    make_namespace "$live" "$enrolled"
    make_namespace "$live-other"
    make_namespace "$live-agent"
    # Under names of this run, so that an agent that is installed there keeps its own.
    sed "s/k8s-reflexion-executor/$live-executor/; s/k8s-reflexion-observer/$live-observer/
        s/k8s-reflexion-restorer/$live-restorer/; s/k8s-reflexion:restorer/$live-agent:restorer/
        s/namespace: k8s-reflexion$/namespace: $live-agent/; s/k8s-reflexion:executor/$live-agent:executor/
        s/''k8s-reflexion''/''$live-agent''/" "$top"/deploy/base/{rbac,admission}.yaml |
        on_live apply -f - >/dev/null
    export AGENT_EXECUTOR="$live-agent/executor"
    KUBECONFIG_FILE="$run/agent.kubeconfig"
    KUBECONFIG="$KUBECONFIG_LIVE" "$here/agent_kubeconfig.sh" "$live-agent" >"$KUBECONFIG_FILE"
    wait_until 30 "the service account of namespace $live" api GET "/api/v1/namespaces/$live/serviceaccounts/default"
    wait_until 30 "the service account of namespace $live-other" api GET "/api/v1/namespaces/$live-other/serviceaccounts/default"
}

shell_command() { jq -nc --arg words "$1" '["sh", "-c", $words]'; }

# Workloads that are well at first; two of them are broken by their next rollout.
live_begin() {
    make_deployment "$live" web nginx:1.27 '.spec.replicas = 2'
    make_deployment "$live" rollout nginx:1.27
    make_deployment "$live" growing busybox:1.36 \
        "c.command = $(shell_command 'exec sleep 100000') | c.resources = {requests: {memory: \"16Mi\"}}"
    local name
    for name in web rollout growing; do
        claim_soon "$name is healthy at first" 120 is_healthy "$live" "$name"
    done
}

live_break() {
    make_deployment "$live" typo nginx:1.72
    make_deployment "$live-other" typo nginx:1.72
    make_deployment "$live" leaking busybox:1.36 \
        "c.command = $(shell_command 'sleep 2; exec tail /dev/zero') | c.resources = {limits: {memory: \"20Mi\"}}"
    # A buffer of 34 MiB: half as much again as the limit is too little, twice as much is enough.
    make_deployment "$live" hungry busybox:1.36 \
        "c.command = $(shell_command 'while dd if=/dev/zero of=/dev/null bs=34M count=1 2>/dev/null; do sleep 2; done; exit 1') | c.resources = {limits: {memory: \"20Mi\"}}"
    make_deployment "$live" huge nginx:1.27 'c.resources = {requests: {memory: "64Gi"}}'
    change_deployment "$live" rollout "$(jq -nc --argjson command "$(shell_command 'echo FATAL: unknown setting >&2; exit 1')" \
        '{spec: {template: {spec: {containers: [{name: "app", $command}]}}}}')"
    change_deployment "$live" growing \
        '{"spec": {"template": {"spec": {"containers": [{"name": "app", "resources": {"requests": {"memory": "64Gi"}}}]}}}}'
}

# executions_of NAME FILTER: over the executions of a Deployment that are no dry run, newest first.
executions_of() {
    curl -sS -m 10 -H "Authorization: Bearer $token" "$AGENT/api/v1/executions?limit=500" |
        jq -e --arg ns "$live" --arg name "$1" "$vocabulary"' [.executions[]
            | select(.subject.namespace == $ns and .subject.name == $name and (.dry_run | not))] | '"$2"
}

# healed NAME FILTER: healthy, as the filter says, and a fix of ours was verified.
healed() {
    is_healthy "$live" "$1" && deployment_is "$live" "$1" "$2" && executions_of "$1" 'any(.[]; .state == "verified")'
}

# given_up NAME FILTER: something was tried and taken back, nothing is under way, and the object is as it was.
given_up() {
    deployment_is "$live" "$1" "$2" &&
        executions_of "$1" '(any(.[]; .state == "undone")) and all(.[]; .state | IN("undone", "refused", "rejected", "proposed"))'
}

live_claims() {
    chapter "live: what a machine can heal is healed"
    claim_soon "an image tag that is a typo is replaced" 240 healed typo 'c.image == "nginx:1.27"'
    claim_soon "a bad rollout is rolled back" 240 healed rollout 'c.command == null'
    claim_soon "a rollout that asks for more than there is is taken back or made to fit" 240 \
        healed growing 'c.resources.requests.memory != "64Gi"'
    claim_soon "a limit that is too small is raised until it fits" 400 healed hungry 'c.resources.limits.memory == "40Mi"'

    chapter "live: what it cannot heal is left as it was"
    claim_soon "a leak is not healed by memory: every attempt is taken back" 600 given_up leaking 'c.resources.limits.memory == "20Mi"'
    claim_soon "and a person is asked" 120 asks_for_a_person leaking
    claim_that "the limit is as it was" deployment_is "$live" leaking 'c.resources.limits.memory == "20Mi"'
    claim_that "a new workload that is too large is not touched" never_written "$live" huge
    claim_that "the healthy workload was never written" never_written "$live" web
    claim_that "and is as it was made" deployment_is "$live" web '.metadata.generation == 1 and .status.readyReplicas == 2'
    claim_that "nothing is written where nobody enrolled the namespace" never_written "$live-other" typo
    ask GET "$REFLEXION/api/v1/memory/episodes?limit=50"
    claim "what was done is remembered" 200 '.count >= 5'
}

# Whether reflexion says that its run for this Deployment waits for a person.
asks_for_a_person() {
    local pod
    pod=$(pod_of "$live" "$1")
    curl -sS -m 120 -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
        -d "$(jq -n --arg ns "$live" --arg pod "$pod" '{pod_name: $pod, namespace: $ns, error_type: "OOMKilled"}')" \
        "$REFLEXION/api/v1/reflexion/process" | jq -e '.success == false and .requires_human_intervention == true'
}

against_live() {
    if [ -z "${KUBECONFIG_LIVE:-}" ]; then
        echo "SKIPPED: the live test did not run. Set KUBECONFIG_LIVE to a cluster's kubeconfig to run it."
        exit 0
    fi
    command -v kubectl >/dev/null || fail "kubectl is missing; install it first"
    [ "${BUILD:-yes}" = no ] || build_services
    chapter "live: against the cluster of $KUBECONFIG_LIVE"
    make_tokens
    test_policy
    live_prepare
    agent_port=$(free_port)
    start_agent "$agent_port" auto --settle-seconds 10 --verify-seconds 60
    start_reflexion "$(free_port)"
    token=$TOKEN_ACT
    live_begin
    agent_health
    agent_reads
    agent_analyzes "$live" "$(pod_of "$live" web)" ""
    agent_shows "$live" "$(pod_of "$live" web)" Running true
    live_break
    live_claims
}
