# shellcheck shell=bash
# How the integration test asks and claims. To be sourced after services.sh.

n_held=0
n_broken=0
# Sent with every request while it is set.
token=""
status=""

# Words that the filters of `claim` may use.
vocabulary='
def text: type == "string";
def time: text and test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$");
def whole: type == "number" and . == floor and . >= 0;
def share: type == "number" and . >= 0 and . <= 1;
def flag: type == "boolean";
def object: type == "object";
def problem(code): (.error | text and length > 0) and .status == code and (.title | text) and (.type | text) and (.detail | text);
'

held() {
    n_held=$((n_held + 1))
    printf '  ok    %s\n' "$1"
}

broken() {
    n_broken=$((n_broken + 1))
    printf '  WRONG %s: %s\n' "$1" "$2"
    if [ -s "$run/body" ]; then printf '        %s\n' "$(head -c 1500 "$run/body" | tr -cd '[:print:]\n')"; fi
}

chapter() { printf '\n%s\n' "$1"; }

# ask METHOD URL [BODY [CURL ARGUMENT...]]: the answer's status in $status, its body in $run/body.
ask() {
    local method=$1 url=$2 body=${3-}
    local arguments=(-sS -m "${patience:-60}" -o "$run/body" -w '%{http_code}' -X "$method")
    [ -z "$token" ] || arguments+=(-H "Authorization: Bearer $token")
    [ -z "$body" ] || arguments+=(-H "Content-Type: application/json" --data-binary "$body")
    : >"$run/body"
    status=$(curl "${arguments[@]}" "${@:4}" "$url" 2>"$run/curl") || status="none ($(cat "$run/curl"))"
}

# claim WORDS STATUS [FILTER...]: the last answer had this status, and each jq filter holds for it.
claim() {
    local words=$1 wanted=$2 filter
    shift 2
    if [ "$status" != "$wanted" ]; then
        broken "$words" "status $status instead of $wanted"
        return
    fi
    for filter in "$@"; do
        if ! jq -e "$vocabulary $filter" "$run/body" >/dev/null 2>"$run/jq"; then
            broken "$words" "not so: $filter $(head -c 300 "$run/jq")"
            return
        fi
    done
    held "$words"
}

# claim_text WORDS STATUS PATTERN...: the same for a body that is no JSON; extended regular expressions.
claim_text() {
    local words=$1 wanted=$2 pattern
    shift 2
    if [ "$status" != "$wanted" ]; then
        broken "$words" "status $status instead of $wanted"
        return
    fi
    for pattern in "$@"; do
        grep -Eq -- "$pattern" "$run/body" || { broken "$words" "no line like $pattern"; return; }
    done
    held "$words"
}

# claim_that WORDS COMMAND...: the command succeeds.
claim_that() {
    local words=$1
    shift
    : >"$run/body"
    if "$@" >"$run/body" 2>&1; then held "$words"; else broken "$words" "it does not"; fi
}

# claim_soon WORDS SECONDS COMMAND...: the command succeeds in time.
claim_soon() {
    local words=$1 end=$((SECONDS + $2)) since=$SECONDS
    shift 2
    : >"$run/body"
    until "$@" >"$run/body" 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            broken "$words" "not within $((SECONDS - since)) s"
            return
        fi
        sleep 0.1
    done
    held "$words ($((SECONDS - since)) s)"
}

# field FILTER: a value of the last answer; empty when there is none.
field() { jq -r "$1 // empty" "$run/body" 2>/dev/null || true; }

# Says how it went; the exit code is honest.
verdict() {
    printf '\n%s claims hold, %s do not.\n' "$n_held" "$n_broken"
    [ "$n_broken" = 0 ] && [ "$n_held" -gt 0 ]
}
