# shellcheck shell=bash
# Starts and stops sandbox, agent and reflexion for the other scripts. To be sourced.
#
# Everything that is started is written to $run (a new folder) and ended by stop_services, by pid.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin="$top/target/${PROFILE_DIR:-debug}"
run=$(mktemp -d "${TMPDIR:-/tmp}/k8s-reflexion.XXXXXX")
pids=()

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

build_services() {
    (cd "$top" && cargo build --quiet --workspace --all-features --locked --bins)
}

# wait_until SECONDS WHAT COMMAND...: waits until the command succeeds; fails loudly when it never does.
wait_until() {
    local limit=$1 what=$2 end
    shift 2
    end=$((SECONDS + limit))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "$what: not after $limit s (logs are in $run)"
        sleep 0.05
    done
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo $((20000 + RANDOM % 20000)); }

is_up() { curl -fsS -m 2 "$1" >/dev/null; }

# start NAME COMMAND...: starts in the background, log in $run/NAME.log.
start() {
    local name=$1
    shift
    "$@" >"$run/$name.log" 2>&1 &
    pids+=("$!")
    echo "$!" >"$run/$name.pid"
}

# start_sandbox SPEED: a cluster on a free port; $KUBECONFIG_FILE is its kubeconfig.
start_sandbox() {
    KUBECONFIG_FILE="$run/kubeconfig.yaml"
    start sandbox "$bin/sandbox" --listen 127.0.0.1:0 --speed "$1" --kubeconfig "$KUBECONFIG_FILE" --audit-log "$run/audit.jsonl"
    wait_until 20 "the sandbox" test -s "$KUBECONFIG_FILE"
}

# make_tokens: four tokens of random bytes; $TOKEN_READ, $TOKEN_ORDER (reflexion's), $TOKEN_ACT and $TOKEN_ADMIN.
make_tokens() {
    local word
    for word in READ ORDER ACT ADMIN; do
        declare -g "TOKEN_$word=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')"
    done
    (umask 077
     printf 'read dashboard %s\norder reflexion %s\nact person %s\nadmin operator %s\n' \
        "$TOKEN_READ" "$TOKEN_ORDER" "$TOKEN_ACT" "$TOKEN_ADMIN" >"$run/tokens"
     printf '%s' "$TOKEN_ORDER" >"$run/order.token")
}

# start_agent PORT MODE [SETTING...]: more settings as --flag value.
start_agent() {
    local port=$1 mode=$2
    shift 2
    AGENT="http://127.0.0.1:$port"
    KUBECONFIG="$KUBECONFIG_FILE" start agent "$bin/agent" --listen "127.0.0.1:$port" --mode "$mode" \
        --data "$run/agent" --policy "${POLICY:-$top/deploy/policy.yaml}" --tokens-file "$run/tokens" "$@"
    wait_until 30 "the agent" is_up "$AGENT/readyz"
}

# start_reflexion PORT [SETTING...]
start_reflexion() {
    local port=$1
    shift
    REFLEXION="http://127.0.0.1:$port"
    AGENT_URL="$AGENT" start reflexion "$bin/reflexion" --listen "127.0.0.1:$port" --data "$run/reflexion" \
        --agent-token-file "$run/order.token" --tokens-file "$run/tokens" "$@"
    wait_until 30 "reflexion" is_up "$REFLEXION/readyz"
}

# test_policy: the reference policy without its caps in time, for tests that break many things in a minute and have no
# second hand in them.
test_policy() {
    POLICY="$run/policy.yaml"
    sed -E 's/^( *(global|namespace)_per_60s): .*/\1: 100/; s/^( *unhealthy_fraction): .*/\1: 1.0/; s/^(change_grace_seconds): .*/\1: 0/' \
        "$top/deploy/policy.yaml" >"$POLICY"
}

# stop NAME [SIGNAL]
stop() {
    local pid
    pid=$(cat "$run/$1.pid")
    kill -"${2:-TERM}" "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

stop_services() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    pids=()
}
