#!/usr/bin/env bash
# Prints a kubeconfig that holds the agent's rights and no more, for an agent that runs outside the cluster.
#
#   scripts/agent_kubeconfig.sh [NAMESPACE] > agent.kubeconfig
#
# Uses the current kubeconfig's cluster, where deploy/base/rbac.yaml has to be applied: its service
# account `agent` in NAMESPACE (default k8s-reflexion). The token is valid for a day, or DURATION (such as 720h).
set -euo pipefail
namespace=${1:-k8s-reflexion}

cluster() { kubectl config view --raw --minify --flatten -o "jsonpath={.clusters[0].cluster['$1']}"; }

token=$(kubectl create token agent --namespace "$namespace" --duration "${DURATION:-24h}")
server=${SERVER:-$(cluster server)}
authority=$(cluster certificate-authority-data)
cat <<END
apiVersion: v1
kind: Config
clusters:
  - name: cluster
    cluster: { server: "$server", certificate-authority-data: "$authority" }
users:
  - name: agent
    user: { token: "$token" }
contexts:
  - name: agent
    context: { cluster: cluster, user: agent }
current-context: agent
END
