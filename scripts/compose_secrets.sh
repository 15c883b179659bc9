#!/usr/bin/env bash
# Makes what docker-compose.integration.yml wants beside itself: random tokens in deploy/secrets, and
# .env.integration. What is already there is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=deploy/secrets

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# The folder keeps others out; the files have to be readable by the containers' own user.
mkdir -p "$folder"
chmod 0700 "$folder"
umask 022
if [ ! -e "$folder/agent-tokens" ]; then
    token=$(random)
    printf 'order reflexion %s\nadmin operator %s\n' "$token" "$(random)" >"$folder/agent-tokens"
    printf '%s' "$token" >"$folder/agent-token"
fi
if [ ! -e "$folder/reflexion-tokens" ]; then
    printf 'admin operator %s\n' "$(random)" >"$folder/reflexion-tokens"
fi
[ -e .env.integration ] || cp .env.integration.example .env.integration
echo "Tokens are in $folder; the operator's are in the lines that begin with \`admin\`. Look at .env.integration next."
