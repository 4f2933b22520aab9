"""One object of each kind that sets every field of its spec, as a user would write it."""

import pytest
import yaml
from pydantic import JsonValue

from agents_crds.generate.manifest import KINDS, Kind

AGENT = """
apiVersion: durable-agents.dev/v1alpha1
kind: Agent
metadata: {name: finance}
spec:
  model: mistral-medium-latest
  description: Answers questions about interest rates.
  instructions: Use tools to answer financial questions.
  tools:
    - function: {name: get_interest_rate}
    - function: {name: get_inflation}
  completion:
    temperature: 0.3
    topP: 0.9
    maxTokens: 2000
    randomSeed: 7
    presencePenalty: 0.5
    frequencyPenalty: -0.5
    stop: [END]
    toolChoice: auto
  outputSchema: {type: object, properties: {rate: {type: number, default: null}}}
  limits: {maxTurns: 10, timeout: 1h30m, maxTotalTokens: 200000, outputRetries: 1}
  providerRef: {name: default}
  workerPoolRef: {name: default}
  deletionPolicy: Retain
  suspend: true
"""

AGENT_RUN = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: rates-1}
spec:
  agentRef: {name: finance}
  input: What was the ECB interest rate in 2023?
  limits: {maxTurns: 5, timeout: 10m, maxTotalTokens: 100000, outputRetries: 0}
  ttlSecondsAfterFinished: 86400
"""

MODEL_PROVIDER = """
apiVersion: durable-agents.dev/v1alpha1
kind: ModelProvider
metadata: {name: default}
spec:
  url: https://api.mistral.ai
  apiKeySecretRef: {name: mistral, key: api-key}
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
"""

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)

BY_KIND = {"Agent": AGENT, "AgentRun": AGENT_RUN, "ModelProvider": MODEL_PROVIDER, "WorkerPool": WORKER_POOL}


def sample(kind: Kind) -> dict[str, JsonValue]:
    """The object of a kind."""
    parsed: dict[str, JsonValue] = yaml.safe_load(BY_KIND[kind.name])
    return parsed
