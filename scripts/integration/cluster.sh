# shellcheck shell=bash
# What the integration test does to a cluster, through its API alone. To be sourced after claims.sh.

# The address of an API server that asks for no credential: the sandbox, or `kubectl proxy`.
API=""

# api METHOD PATH [JSON [CONTENT TYPE]]: prints the answer; fails when it is an error.
api() {
    local arguments=(-sS -m 30 --fail-with-body -X "$1")
    [ $# -lt 3 ] || arguments+=(-H "Content-Type: ${4:-application/json}" --data-binary "$3")
    curl "${arguments[@]}" "$API$2"
}

# make_namespace NAME [LABELS AS JSON]
make_namespace() {
    local labels=${2:-}
    api POST /api/v1/namespaces "$(jq -n --arg name "$1" --argjson labels "${labels:-null}" \
        '{apiVersion: "v1", kind: "Namespace", metadata: {$name, $labels}}')" >/dev/null
}

enrolled='{"k8s-reflexion.io/managed": "true"}'

# make_deployment NAMESPACE NAME IMAGE [FILTER]: the filter changes the object before it is made; `c` is its container.
make_deployment() {
    local object
    object=$(jq -n --arg name "$2" --arg image "$3" '
        {apiVersion: "apps/v1", kind: "Deployment", metadata: {$name},
         spec: {replicas: 1, selector: {matchLabels: {app: $name}},
                template: {metadata: {labels: {app: $name}},
                           spec: {terminationGracePeriodSeconds: 1, containers: [{name: "app", $image}]}}}}')
    object=$(jq "def c: .spec.template.spec.containers[0]; ${4:-.}" <<<"$object")
    api POST "/apis/apps/v1/namespaces/$1/deployments" "$object" >/dev/null
}

# change_deployment NAMESPACE NAME PATCH: a strategic merge patch, as `kubectl set image` sends it.
change_deployment() {
    api PATCH "/apis/apps/v1/namespaces/$1/deployments/$2?fieldManager=kubectl-set" "$3" \
        application/strategic-merge-patch+json >/dev/null
}

deployment() { api GET "/apis/apps/v1/namespaces/$1/deployments/$2"; }

# deployment_is NAMESPACE NAME FILTER; `c` is its container.
deployment_is() {
    deployment "$1" "$2" | jq -e "def c: .spec.template.spec.containers[0]; $3"
}

# Whether the newest generation has all its pods ready and none besides.
is_healthy() {
    deployment_is "$1" "$2" '.status.observedGeneration == .metadata.generation
        and .status.readyReplicas == .spec.replicas and .status.updatedReplicas == .spec.replicas
        and .status.replicas == .spec.replicas'
}

# pod_of NAMESPACE NAME: the newest pod of a Deployment; fails when there is none.
pod_of() {
    api GET "/api/v1/namespaces/$1/pods?labelSelector=app%3D$2" |
        jq -er '[.items[] | select(.metadata.deletionTimestamp == null)]
            | sort_by(.metadata.creationTimestamp, .metadata.name) | last | .metadata.name // empty'
}

# pod_waits NAMESPACE NAME REASON: a pod of the Deployment waits, or ended before, for this reason (a pattern).
pod_waits() {
    api GET "/api/v1/namespaces/$1/pods?labelSelector=app%3D$2" |
        jq -e --arg reason "$3" '[.items[].status
            | (.containerStatuses // [])[] , (.conditions // [])[]
            | .state.waiting.reason?, .state.terminated.reason?, .lastState.terminated.reason?, .reason?
            | strings | select(test($reason))] | length > 0'
}

# written_by NAMESPACE NAME MANAGER: how often this field manager stands in the Deployment's managedFields.
written_by() {
    deployment "$1" "$2" | jq --arg manager "$3" \
        '[.metadata.managedFields[]? | select(.manager == $manager)] | length'
}

never_written() { [ "$(written_by "$1" "$2" k8s-reflexion-agent)" = 0 ]; }
