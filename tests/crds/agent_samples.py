"""Agents that together set every field of their spec, as a user would write them."""

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
    - mcp: {serverRef: {name: yahoo-finance}, include: [quote]}
    - builtin: {type: web_search}
  handoffs:
    - agentRef: {name: ecb-rates}
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

PROMPTED_AGENT = """
apiVersion: durable-agents.dev/v1alpha1
kind: Agent
metadata: {name: news}
spec:
  model: mistral-medium-latest
  instructionsFrom:
    mcpPrompt: {serverRef: {name: yahoo-finance}, name: analyst, arguments: {market: Europe}}
  tools:
    - mcp: {serverRef: {name: yahoo-finance}, exclude: [quote]}
"""

CONFIGURED_AGENT = """
apiVersion: durable-agents.dev/v1alpha1
kind: Agent
metadata: {name: library}
spec:
  model: mistral-medium-latest
  instructionsFrom:
    configMapKeyRef: {name: prompts, key: librarian.md}
  tools:
    - documentLibrary: {ids: [lib-1, lib-2]}
    - connector: {id: gmail, include: [search]}
"""

CONNECTED_AGENT = """
apiVersion: durable-agents.dev/v1alpha1
kind: Agent
metadata: {name: mail}
spec:
  model: mistral-medium-latest
  tools:
    - connector: {id: gmail, exclude: [send]}
    - builtin: {type: code_interpreter}
"""

FOREIGN_AGENT = """
apiVersion: durable-agents.dev/v1alpha1
kind: Agent
metadata: {name: theirs}
spec:
  remote: {id: ag_0123456789abcdef}
"""

LOCAL_AGENT = """
apiVersion: durable-agents.dev/v1alpha1
kind: Agent
metadata: {name: translator}
spec:
  model: some-model
  session: Local
  contextWindow: 32000
  limits: {waitForInput: 1h}
  providerRef: {name: own-server}
"""

KEPT_AGENT = """
apiVersion: durable-agents.dev/v1alpha1
kind: Agent
metadata: {name: archivist}
spec:
  model: mistral-medium-latest
  session: Remote
  conversation: {retention: Retain}
"""

AGENTS = (
    AGENT,
    PROMPTED_AGENT,
    CONFIGURED_AGENT,
    CONNECTED_AGENT,
    FOREIGN_AGENT,
    LOCAL_AGENT,
    KEPT_AGENT,
)
