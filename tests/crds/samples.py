"""Objects of each kind that together set every field of its spec, as a user would write them."""

import pytest
import yaml
from pydantic import JsonValue

from agents_crds.generate.manifest import KINDS, Kind
from tests.crds.agent_samples import AGENTS

AGENT_RUN = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: rates-1}
spec:
  agentRef: {name: finance}
  input: What was the ECB interest rate in 2023?
  limits: {maxTurns: 5, timeout: 10m, maxTotalTokens: 100000, outputRetries: 0}
  startingDeadlineSeconds: 600
  ttlSecondsAfterFinished: 86400
"""

MESSAGES_RUN = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: chart-1}
spec:
  agentRef: {name: finance}
  messages:
    - role: user
      content:
        - text: What does this chart show?
        - imageUrl: https://example.com/chart.png
"""

IMAGE_RUN = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: chart-2}
spec:
  agentRef: {name: finance}
  messages:
    - content: [{imageUrl: "https://example.com/chart.png"}]
"""

INPUT_FROM_RUN = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: report-1}
spec:
  agentRef: {name: finance}
  inputFrom:
    configMapKeyRef: {name: reports, key: 2026-q1.md}
"""

LED_RUN = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: rates-2}
spec:
  agentRef: {name: finance}
  input: And in 2024?
  continueFrom: {agentRunRef: {name: rates-1}, fork: true}
  userInputs:
    - {id: hurry, text: Be quick about it.}
  shutdown: Stop
  limits: {waitForInput: 10m}
"""

MCP_SERVER = """
apiVersion: durable-agents.dev/v1alpha1
kind: MCPServer
metadata: {name: yahoo-finance}
spec:
  streamableHttp:
    url: https://mcp.example.com/mcp?region=eu
    headers:
      - {name: X-Team, value: rates}
    bearerTokenSecretRef: {name: yahoo, key: token}
  connectTimeout: 5s
  callTimeout: 2m
  interval: 10m
  workerPoolRef: {name: default}
"""

SSE_SERVER = """
apiVersion: durable-agents.dev/v1alpha1
kind: MCPServer
metadata: {name: older}
spec:
  sse:
    url: http://older:8000/sse
    headers:
      - {name: X-Key, valueFrom: {secretKeyRef: {name: older, key: key}}}
    bearerTokenSecretRef: {name: older, key: token}
"""

STDIO_SERVER = """
apiVersion: durable-agents.dev/v1alpha1
kind: MCPServer
metadata: {name: everything}
spec:
  stdio:
    command: npx
    args: ["-y", "@modelcontextprotocol/server-everything"]
    env:
      - {name: LANG, value: C.UTF-8}
"""

SECRET_STDIO_SERVER = """
apiVersion: durable-agents.dev/v1alpha1
kind: MCPServer
metadata: {name: files}
spec:
  stdio:
    command: files
    env:
      - {name: TOKEN, valueFrom: {secretKeyRef: {name: files, key: token}}}
"""

SECRET_HEADER_SERVER = """
apiVersion: durable-agents.dev/v1alpha1
kind: MCPServer
metadata: {name: secret-header}
spec:
  streamableHttp:
    url: http://tools:8000/mcp
    headers:
      - {name: X-Key, valueFrom: {secretKeyRef: {name: older, key: key}}}
"""

VALUE_HEADER_SERVER = """
apiVersion: durable-agents.dev/v1alpha1
kind: MCPServer
metadata: {name: value-header}
spec:
  sse:
    url: http://older:8000/sse
    headers:
      - {name: X-Team, value: rates}
"""

MODEL_PROVIDER = """
apiVersion: durable-agents.dev/v1alpha1
kind: ModelProvider
metadata: {name: default}
spec:
  url: https://api.mistral.ai
  apiKeySecretRef: {name: mistral, key: api-key}
"""

CHAT_PROVIDER = """
apiVersion: durable-agents.dev/v1alpha1
kind: ModelProvider
metadata: {name: own-server}
spec:
  protocol: ChatCompletions
  url: http://vllm.models:8000/v1
"""

WORKER_POOL = """
apiVersion: durable-agents.dev/v1alpha1
kind: WorkerPool
metadata: {name: default}
spec:
  replicas: 2
  template:
    metadata:
      labels: {team: rates}
      annotations: {prometheus.io/scrape: "true"}
    spec:
      containers:
        - name: worker
          image: registry.example/workers:1.2
          command: [python, -m, agents_worker]
          args: [--verbose]
          env:
            - {name: WORKER_MODULES, value: my_tools}
            - {name: LOG_LEVEL, value: info}
  stdio: {allowedCommands: [npx]}
  autoscaling:
    mode: External
    minReplicas: 1
    maxReplicas: 20
    runsPerWorker: 10
    backlogPerWorker: 40
    scaleDownAfter: 2m
    idleTimeout: 10m
  rollout: {force: true}
  temporalConnectionRef: {name: eu}
"""

TEMPORAL_CONNECTION = """
apiVersion: durable-agents.dev/v1alpha1
kind: TemporalConnection
metadata: {name: eu}
spec:
  address: temporal.example.com:7233
  namespace: agents
  tls:
    serverName: temporal.internal
    caSecretRef: {name: temporal-ca, key: authority.pem}
    clientCertificateSecretRef: {name: temporal-client}
  apiKeySecretRef: {name: temporal, key: token}
"""

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)

BY_KIND = {
    "Agent": AGENTS,
    "AgentRun": (AGENT_RUN, MESSAGES_RUN, IMAGE_RUN, INPUT_FROM_RUN, LED_RUN),
    "ModelProvider": (MODEL_PROVIDER, CHAT_PROVIDER),
    "MCPServer": (
        MCP_SERVER,
        SSE_SERVER,
        STDIO_SERVER,
        SECRET_STDIO_SERVER,
        SECRET_HEADER_SERVER,
        VALUE_HEADER_SERVER,
    ),
    "WorkerPool": (WORKER_POOL,),
    "TemporalConnection": (TEMPORAL_CONNECTION,),
}


def samples(kind: Kind) -> tuple[dict[str, JsonValue], ...]:
    """The objects of a kind."""
    return tuple(yaml.safe_load(text) for text in BY_KIND[kind.name])


def sample(kind: Kind) -> dict[str, JsonValue]:
    """The first object of a kind, which sets most."""
    return samples(kind)[0]
