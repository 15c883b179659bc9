# shellcheck shell=bash
# Fixes through the agent alone, on workloads that are broken for the purpose. To be sourced after agent.sh.

# break_image NAMESPACE NAME: a Deployment whose tag does not exist; its pod is in $pod.
break_image() {
    make_deployment "$1" "$2" nginx:1.72
    wait_until 60 "an image that is not found" pod_waits "$1" "$2" 'ImagePullBackOff|ErrImagePull'
    pod=$(pod_of "$1" "$2")
    wait_until 30 "the agent to see it" agent_sees "$1" "$2"
}

# agent_sees NAMESPACE NAME: an open incident of this Deployment.
agent_sees() {
    curl -sS -m 10 -H "Authorization: Bearer $token" "$AGENT/api/v1/incidents" |
        jq -e --arg ns "$1" --arg name "$2" \
            'any(.incidents[]; .state == "open" and .subject.namespace == $ns and .subject.name == $name)'
}

tag='{"type": "image_tag_replacement", "parameters": {"new_tag": "1.27"}}'

fixes_refused() {
    chapter "agent: fixes that are not made"
    fix shop "$(pod_of shop web)" '{"type": "context_adaptive"}'
    claim "a healthy pod is not fixed" 200 "$fix_answer" '.success == false' '.error | text and length > 0'
    break_image shop typo
    fix shop "$pod" '{"type": 7}'
    claim "a type that is no string is an error" 200 '.success == false' '.error | text and length > 0'
    fix shop "$pod" '{}'
    claim "no type is an error" 200 '.success == false' '.error | text and length > 0'
    fix shop "$pod" '{"type": "image_tag_replacement", "parameters": {"new_tag": "1.27; rm -rf /"}}'
    claim "a tag that is none" 200 '.success == false' '.error | text and length > 0'
    fix shop "$pod" '{"type": "image_tag_replacement", "parameters": {"new_tag": "6.66"}}'
    claim "a tag that nobody has seen run" 200 '.success == false' '.error | text and length > 0'
    fix shop "$pod" "$tag" '{"dry_run": true}'
    claim "a dry run shows what would be done" 200 "$fix_answer" '.success == true' '.result.state == "proposed"' \
        '.result.diff | test("nginx:1.72") and test("nginx:1.27")' '.result.undo | text'
    claim_that "a dry run writes nothing" deployment_is shop typo 'c.image == "nginx:1.72" and .metadata.generation == 1'
}

fixes_made() {
    chapter "agent: a fix, verified over time"
    local id again
    fix shop "$pod" "$tag" '{"wait_seconds": 60}' -H "Idempotency-Key: one"
    claim "image_tag_replacement heals" 200 "$fix_answer" '.success == true' '.result.state == "verified"' \
        '.result.strategy | (.type? // .) == "replace_image_tag"' '.result.pod_name | text'
    id=$(field .execution_id)
    claim_that "the image is the one that was asked for" deployment_is shop typo 'c.image == "nginx:1.27"'
    claim_that "the fix's id is on the object" deployment_is shop typo ".metadata.annotations[\"k8s-reflexion.io/fix-id\"] == \"$id\""
    ask GET "$AGENT/api/v1/executions/$id"
    claim "the execution can be read" 200 ".id == \"$id\"" '.state == "verified"' '.verdict == "recovered"' \
        '.requested_by | text' '.checks | length > 0'
    fix shop "$pod" "$tag" '{"wait_seconds": 60}' -H "Idempotency-Key: one"
    again=$(field .execution_id)
    claim_that "the same key answers with the same execution" test -n "$id" -a "$id" = "$again"
    claim_that "and writes nothing again" deployment_is shop typo '.metadata.generation == 2'

    make_deployment shop hungry registry.example/shop/web:2.1 'c.resources = {limits: {memory: "128Mi"}, requests: {memory: "64Mi"}}'
    wait_until 60 "an out-of-memory kill" pod_waits shop hungry OOMKilled
    wait_until 30 "the agent to see it" agent_sees shop hungry
    pod=$(pod_of shop hungry)
    agent_analyzes shop "$pod" OOMKilled
    fix shop "$pod" '{"type": "resource_adjustment"}' '{"wait_seconds": 60}'
    claim "resource_adjustment heals" 200 "$fix_answer" '.success == true' '.result.state == "verified"'
    claim_that "the limit was raised" deployment_is shop hungry 'c.resources.limits.memory != "128Mi"'
}

fixes_undone() {
    chapter "agent: a fix that does not help is taken back"
    make_deployment shop greedy registry.example/shop/web:2.1 'c.resources = {limits: {memory: "32Mi"}}'
    wait_until 60 "an out-of-memory kill" pod_waits shop greedy OOMKilled
    wait_until 30 "the agent to see it" agent_sees shop greedy
    fix shop "$(pod_of shop greedy)" '{"type": "raise_memory_limit", "parameters": {"halves": 2}}' '{"wait_seconds": 120}'
    claim "twice too little is still too little" 200 "$fix_answer" '.result.state == "undone"'
    claim_that "the limit is back" deployment_is shop greedy 'c.resources.limits.memory == "32Mi"'
}

fixes_approved() {
    chapter "agent: a person's yes and no"
    local id
    break_image other slip
    fix other "$pod" "$tag"
    id=$(field .execution_id)
    claim "in a namespace that is not enrolled a fix waits" 200 "$fix_answer" '.result.state == "proposed"'
    claim_that "and nothing is written" deployment_is other slip 'c.image == "nginx:1.72"'
    ask POST "$AGENT/api/v1/executions/$id/reject"
    claim "a person may say no" 200 '.state == "rejected"'
    ask POST "$AGENT/api/v1/executions/$id/approve"
    claim "and not yes afterwards" 409 'problem(409)'
    fix other "$pod" "$tag"
    id=$(field .execution_id)
    ask POST "$AGENT/api/v1/executions/$id/approve"
    claim "a person may say yes" 200 '.state | text'
    claim_soon "an approved fix is made and verified" 60 execution_is "$id" '.state == "verified"'
    claim_that "with the tag that was shown" deployment_is other slip 'c.image == "nginx:1.27"'
    ask POST "$AGENT/api/v1/executions/$id/undo"
    claim "a person may take it back" 200 '.state | text'
    claim_soon "then the old tag is back" 30 deployment_is other slip 'c.image == "nginx:1.72"'
}

# The stop button: nothing is written in mode observe, whoever asks.
fixes_stopped() {
    chapter "agent: the stop button"
    break_image shop stopped
    token=$TOKEN_ADMIN
    ask PUT "$AGENT/api/v1/mode" '{"mode": "observe", "reason": "the integration test"}'
    claim "the mode can be set to observe" 200 '.mode == "observe"'
    fix shop "$pod" "$tag"
    claim "then nothing is fixed" 200 '.success == false' '.error | text and length > 0'
    claim_that "and nothing is written" deployment_is shop stopped 'c.image == "nginx:1.72" and .metadata.generation == 1'
    restart_agent
    ask GET "$AGENT/api/v1/mode"
    claim "a restart does not re-arm" 200 '.mode == "observe"'
    ask PUT "$AGENT/api/v1/mode" '{"mode": "auto", "reason": "the integration test"}'
    claim "the mode can be set to auto" 200 '.mode == "auto"'
    token=$TOKEN_ACT
}

# A process that is killed in the middle of a fix finishes it in its next life.
fixes_survive() {
    chapter "agent: killed in the middle of a fix"
    local id
    wait_until 30 "the agent to see it again" agent_sees shop stopped
    fix shop "$(pod_of shop stopped)" "$tag"
    id=$(field .execution_id)
    claim "a fix is begun" 200 '.success == true' '.result.state == "verifying"'
    restart_agent KILL
    claim_soon "the next life finishes it" 60 execution_is "$id" '.state == "verified"'
    claim_that "it was written once" deployment_is shop stopped '.metadata.generation == 2 and c.image == "nginx:1.27"'
}
