# shellcheck shell=bash
# Reflexion's promises. To be sourced after fixes.sh.

reflexion_health() {
    chapter "reflexion: health, metrics, documentation"
    ask GET "$REFLEXION/health"
    claim "GET /health" 200 '.status | text' '.timestamp | time'
    ask GET "$REFLEXION/livez"
    claim_text "GET /livez" 200 'ok'
    ask GET "$REFLEXION/metrics"
    claim_text "GET /metrics is Prometheus text" 200 '^# TYPE ' '^[a-z_]+(\{.*\})? [0-9.e+-]+'
    ask GET "$REFLEXION/docs" "" -L --compressed
    claim_text "GET /docs is Swagger UI" 200 '[Ss]wagger'
    ask GET "$REFLEXION/openapi.json"
    claim "GET /openapi.json lists the contract" 200 '.openapi | startswith("3.")' \
        '.paths | has("/api/v1/reflexion/process") and has("/api/v1/debug/simulate-reflection") and has("/health")'
}

process_answer='(.workflow_id | text and length > 0) and (.success | flag) and (.pod_name | text)
    and (.final_strategy | object) and (.resolution_time | type == "number" and . >= 0)
    and (.requires_human_intervention | flag) and (.reflexion_summary
        | (.reflections_performed | whole) and (.strategies_learned | whole) and (.self_awareness_level | type == "number")
        and (.learning_velocity | type == "number"))'

# process NAMESPACE POD ERROR_TYPE
process() {
    patience=300 ask POST "$REFLEXION/api/v1/reflexion/process" \
        "$(jq -n --arg ns "$1" --arg pod "$2" --arg type "$3" '{pod_name: $pod, namespace: $ns, error_type: $type}')"
}

reflexion_bad_input() {
    chapter "reflexion: bad input"
    ask POST "$REFLEXION/api/v1/reflexion/process" '{"pod_name": '
    claim "process with malformed JSON" 400 'problem(400)'
    ask POST "$REFLEXION/api/v1/reflexion/process" '{"namespace": "default", "error_type": "OOMKilled"}'
    claim "process without pod_name" 400 'problem(400)'
    process default "../x" OOMKilled
    claim "process with a name that is none" 400 'problem(400)'
    process "No Label" web OOMKilled
    claim "process with a namespace that is none" 400 'problem(400)'
    process default not-there OOMKilled
    claim "process for a pod that is not there" 404 'problem(404)'
    ask POST "$REFLEXION/api/v1/debug/simulate-reflection?error_type=OOMKilled&success=maybe"
    claim "simulate-reflection with a flag that is none" 400 'problem(400)'
    ask GET "$REFLEXION/api/v1/reflexion/workflow/nonsense"
    claim "a workflow's id that is none" 400 'problem(400)'
    ask GET "$REFLEXION/api/v1/reflexion/workflow/0190a000-0000-7000-8000-000000000000"
    claim "a workflow that nobody knows" 404 'problem(404)'
    ask GET "$REFLEXION/api/v1/nothing"
    claim "a path that is none" 404 'problem(404)'
}

reflexion_simulates() {
    chapter "reflexion: simulate-reflection"
    local type success
    for type in ImagePullBackOff CrashLoopBackOff OOMKilled; do
        for success in true false; do
            ask POST "$REFLEXION/api/v1/debug/simulate-reflection?error_type=$type&success=$success"
            claim "simulate-reflection of $type, success=$success" 200 'has("debug_reflection")' \
                '.self_awareness_level | type == "number"' 'has("insights_generated")' \
                '.reflection_quality | type == "number"' '.timestamp | time'
        done
    done
}

reflexion_heals() {
    chapter "reflexion: process heals, and heals the next one from memory"
    local first
    process shop "$(pod_of shop web)" ImagePullBackOff
    claim "a healthy pod needs nothing" 200 "$process_answer" '.success == true' '.requires_human_intervention == false'
    break_image shop lapse
    process shop "$pod" ImagePullBackOff
    first=$(field .workflow_id)
    claim "process heals a broken Deployment" 200 "$process_answer" '.success == true' \
        '.requires_human_intervention == false' '.final_strategy.type == "replace_image_tag"' \
        '.reflexion_summary.reflections_performed > 0' '.resolution_time > 0'
    claim_that "the Deployment is healthy" is_healthy shop lapse
    ask GET "$REFLEXION/api/v1/reflexion/workflow/$first"
    claim "the run can be read" 200 ".workflow_id == \"$first\""
    ask GET "$REFLEXION/api/v1/memory/episodes"
    claim "an episode is remembered" 200 '.count > 0' '.episodes[0] | object'
    break_image shop relapse
    process shop "$pod" ImagePullBackOff
    claim "the second, equal incident is healed from memory" 200 "$process_answer" '.success == true' \
        '.reflexion_summary.from_memory == true' '.reflexion_summary.model_calls == 0'
}

# reflexion_follows: heals by itself what the agent publishes.
reflexion_follows() {
    chapter "reflexion: heals by itself what the agent publishes"
    break_image shop alone
    claim_soon "an incident is healed without a call" 120 is_healthy shop alone
    claim_that "by the agent" deployment_is shop alone '.metadata.annotations["k8s-reflexion.io/fix-id"] | type == "string"'
    claim_that "the healthy workload was never written" never_written shop web
    # Whoever breaks it again before that takes the fix back, and it counts as one that did not help.
    claim_soon "and the fix is verified" 60 last_fix_is shop alone verified
    fixed=$(n_fixes_of shop alone)
    change_deployment shop alone '{"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "nginx:1.72"}]}}}}'
    wait_until 60 "the image that is not found again" pod_waits shop alone 'ImagePullBackOff|ErrImagePull'
    claim_soon "the same trouble is taken up again when it comes back" 120 fixed_again shop alone "$fixed"
    claim_that "and left alone for five minutes, as the policy wants it" last_fix_is shop alone refused too_often
}

# changes_are_left: nobody is overtaken who is at it, and nobody is waited for after that.
changes_are_left() {
    chapter "reflexion: what was just changed is left alone for a while"
    sed -i -E 's/^(change_grace_seconds): .*/\1: 10/' "$POLICY"
    restart_agent
    break_image shop mended
    claim_soon "a fix waits" 30 last_fix_is shop mended proposed just_changed
    change_deployment shop mended '{"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}}}'
    claim_soon "whoever mends it in time is healthy" 60 is_healthy shop mended
    claim_soon "and what was proposed is withdrawn" 30 last_fix_is shop mended rejected superseded
    break_image shop left
    claim_soon "what nobody mends is mended right after" 60 last_fix_is shop left verified
    claim_that "and the other was never written" never_written shop mended
}

# n_fixes_of NAMESPACE NAME: how many fixes of this Deployment the agent knows.
n_fixes_of() {
    curl -sS -m 10 -H "Authorization: Bearer $token" "$AGENT/api/v1/executions" |
        jq --arg ns "$1" --arg name "$2" \
            '[.executions[] | select(.subject.namespace == $ns and .subject.name == $name)] | length'
}

# last_fix_is NAMESPACE NAME STATE [CODE]: the newest fix of this Deployment is in this state, for this reason.
last_fix_is() {
    curl -sS -m 10 -H "Authorization: Bearer $token" "$AGENT/api/v1/executions" |
        jq -e --arg ns "$1" --arg name "$2" --arg state "$3" --arg code "${4:-}" \
            '[.executions[] | select(.subject.namespace == $ns and .subject.name == $name)][0]
                | .state == $state and (.refusal.code // "") == $code'
}

# fixed_again NAMESPACE NAME COUNT: there are more fixes than that.
fixed_again() { [ "$(n_fixes_of "$1" "$2")" -gt "$3" ]; }

# reflexion_forgets: only on purpose, and never without a backup.
reflexion_forgets() {
    chapter "reflexion: forgets on purpose alone"
    ask DELETE "$REFLEXION/api/v1/memory/clear" '{"confirm": "forget everything"}'
    claim "not for everybody" 403 'problem(403)'
    token=$TOKEN_ADMIN
    ask DELETE "$REFLEXION/api/v1/memory/clear"
    claim "not everything by mistake" 400 'problem(400)' '.next | text and length > 0'
    ask DELETE "$REFLEXION/api/v1/memory/episodes/0190a000-0000-7000-8000-000000000000"
    claim "not an episode that nobody knows" 404 'problem(404)'
    ask GET "$REFLEXION/api/v1/memory/episodes?limit=1"
    ask DELETE "$REFLEXION/api/v1/memory/episodes/$(field '.episodes[0].episode_id')"
    claim "an episode, and the backup is named" 200 '.episodes == 1' '.backup | text and length > 0'
    token=$TOKEN_ACT
}

reflexion_waits_for_the_agent() {
    chapter "reflexion: the agent is away"
    stop agent
    process shop web-0 OOMKilled
    claim "process says that the agent is away" 503 'problem(503)' '.next | text and length > 0'
    ask GET "$REFLEXION/livez"
    claim_text "and reflexion stays" 200 'ok'
    ask GET "$REFLEXION/api/v1/memory/statistics"
    claim "and serves what it knows" 200 'object'
    restart_agent
    claim_soon "and follows again" 40 is_up "$REFLEXION/readyz"
}
