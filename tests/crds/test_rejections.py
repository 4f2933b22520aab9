"""What a user reads who applies a bad object: the field, and what to write instead."""

import json
import re

import pytest
from pydantic import JsonValue

from agents_crds.generate.manifest import KINDS
from tests.crds.faults import Put, apply
from tests.crds.namespace import Namespace
from tests.crds.samples import sample
from tools.errors import ExpectedError

DURATION = "must be a duration between 1s and 720h, such as 90s, 10m or 1h30m"
SUBDOMAIN = "must be lowercase letters, digits, '-' and '.', beginning and ending with a letter or digit"
LABEL = "must be lowercase letters, digits and '-', beginning and ending with a letter or digit"
ADDRESS = "must be an http:// or https:// address without credentials or query, as in https://api.mistral.ai"
MODEL = "must name a model, without spaces, as in mistral-medium-latest"
IMAGE = "must name an image, without spaces, as in example.com/workers:1.2"
SECRET_KEY = "must be letters, digits, '-', '_' and '.', and not begin with '..'"
TOOL = "must be letters, digits, '_' and '-', beginning with a letter or '_'"
RESERVED = "env must not set DURABLE_AGENTS_* or TEMPORAL_* variables: the operator sets them"
NAME = "metadata.name must be no more than 63 characters"
POOL_NAME = "metadata.name must be no more than 40 characters and without dots"

SERVER_NAME = "metadata.name must be no more than 30 characters and without dots"
SERVER_ADDRESS = "must be an http:// or https:// address without credentials, as in http://tools:8000/mcp"
IMAGE_ADDRESS = "must be an http:// or https:// address, which the provider fetches"
ONE_TOOL = "exactly one of function, mcp, builtin, documentLibrary and connector"
ONE_INPUT = "exactly one of input, messages and inputFrom"
ONE_TRANSPORT = "exactly one of stdio, sse and streamableHttp"
HTTP: JsonValue = {"url": "http://a/mcp"}
TEAM: dict[str, JsonValue] = {"name": "X-Team", "value": "rates"}
CONFIGURED: JsonValue = {"configMapKeyRef": {"name": "a", "key": "b"}}
TWO_INSTRUCTIONS: JsonValue = {"model": "m", "instructions": "Be brief.", "instructionsFrom": CONFIGURED}
BOTH: JsonValue = {"mcp": {"serverRef": {"name": "a"}, "include": ["b"], "exclude": ["c"]}}

LOCAL: dict[str, JsonValue] = {"model": "m", "session": "Local"}
HURRY: dict[str, JsonValue] = {"id": "hurry", "text": "Be quick about it."}
KEY_REQUIRED = "apiKeySecretRef is required with protocol Mistral"

CONTAINERS = "spec.template.spec.containers"
WORKER: JsonValue = {"name": "worker", "image": "w:1"}
SIDECAR: JsonValue = {"name": "proxy", "image": "p:1"}
NO_WORKER = "one container must have the name worker: it runs the worker"
TWICE: JsonValue = [{"name": "A"}, {"name": "A"}]


@pytest.mark.parametrize(
    ("kind", "field", "value", "remedy"),
    [
        ("Agent", "metadata.name", "x" * 64, NAME),
        ("Agent", "spec", {}, "exactly one of model and remote"),
        ("Agent", "spec", {"model": "m", "remote": {"id": "ag_1"}}, "exactly one of model and remote"),
        ("Agent", "spec", TWO_INSTRUCTIONS, "at most one of instructions and instructionsFrom"),
        ("Agent", "spec.instructionsFrom", {}, "exactly one of configMapKeyRef and mcpPrompt"),
        ("Agent", "spec.tools[0]", {}, ONE_TOOL),
        ("Agent", "spec.tools[0]", {"function": {"name": "a"}, "connector": {"id": "b"}}, ONE_TOOL),
        ("Agent", "spec.tools[0]", BOTH, "at most one of include and exclude"),
        ("Agent", "spec.tools[0]", {"builtin": {"type": "web_serch"}}, 'supported values: "web_search"'),
        ("Agent", "spec.handoffs[0].agentRef.name", "Finance", SUBDOMAIN),
        ("Agent", "spec.model", "", MODEL),
        ("Agent", "spec.model", "mistral medium", MODEL),
        ("Agent", "spec.instructions", "x" * 65537, "may not be more than 65536"),
        ("Agent", "spec.tools[0].function.name", "get rate", TOOL),
        ("Agent", "spec.completion.temperature", 2, "should be less than or equal to 1"),
        ("Agent", "spec.completion.toolChoice", "all", 'supported values: "auto", "none", "any", "required"'),
        ("Agent", "spec.limits.maxTurns", 0, "should be greater than or equal to 1"),
        ("Agent", "spec.limits.timeout", "1 hour", DURATION),
        ("Agent", "spec.limits.timeout", "1d", DURATION),
        ("Agent", "spec.limits.timeout", "721h", DURATION),
        ("Agent", "spec.limits.timeout", 60, "must be of type string"),
        ("Agent", "spec.providerRef.name", "My Provider", SUBDOMAIN),
        ("Agent", "spec.workerPoolRef.name", "gpu.large", LABEL),
        ("Agent", "spec.deletionPolicy", "Keep", 'supported values: "Delete", "Retain"'),
        ("Agent", "spec.limits.waitForInput", "0s", DURATION),
        ("Agent", "spec.session", "local", 'supported values: "Remote", "Local"'),
        ("Agent", "spec", {"remote": {"id": "ag_1"}, "session": "Local"}, "remote needs session Remote"),
        ("Agent", "spec", {"model": "m", "contextWindow": 32000}, "contextWindow needs session Local"),
        ("Agent", "spec", {**LOCAL, "contextWindow": 999}, "should be greater than or equal to 1000"),
        ("Agent", "spec.conversation", {"retention": "Keep"}, 'supported values: "Delete", "Retain"'),
        ("AgentRun", "metadata.name", "x" * 64, NAME),
        ("AgentRun", "spec.agentRef", None, "Required value"),
        ("AgentRun", "spec.agentRef", "finance", "must be of type object"),
        ("AgentRun", "spec.agentRef.name", "Finance", SUBDOMAIN),
        ("AgentRun", "spec.input", "", "should be at least 1 chars long"),
        ("AgentRun", "spec", {"agentRef": {"name": "a"}}, ONE_INPUT),
        ("AgentRun", "spec", {"agentRef": {"name": "a"}, "input": "b", "inputFrom": CONFIGURED}, ONE_INPUT),
        ("AgentRun", "spec.messages", [{"content": [{}]}], "exactly one of text and imageUrl"),
        ("AgentRun", "spec.messages", [{"content": [{"imageUrl": "file:///a.png"}]}], IMAGE_ADDRESS),
        ("AgentRun", "spec.limits.timeout", "500ms", DURATION),
        ("AgentRun", "spec.continueFrom", {"agentRunRef": {"name": "Rates"}}, SUBDOMAIN),
        ("AgentRun", "spec.userInputs", [HURRY, HURRY], 'Duplicate value: {"id":"hurry"}'),
        (
            "AgentRun",
            "spec.userInputs",
            [{**HURRY, "id": "a b"}],
            "must be letters, digits, `.`, `_` and `-`",
        ),
        ("AgentRun", "spec.userInputs", [{**HURRY, "text": "x" * 8193}], "may not be more than 8192"),
        ("AgentRun", "spec.userInputs", [{"id": f"{n}", "text": "x"} for n in range(33)], "at most 32 items"),
        ("AgentRun", "spec.shutdown", "Kill", 'supported values: "Stop", "Cancel", "Terminate"'),
        ("AgentRun", "spec.startingDeadlineSeconds", 0, "should be greater than or equal to 1"),
        ("AgentRun", "spec.ttlSecondsAfterFinished", "1h", "must be of type integer"),
        ("AgentRun", "spec.ttlSecondsAfterFinished", -1, "should be greater than or equal to 0"),
        ("ModelProvider", "metadata.name", "x" * 64, NAME),
        ("ModelProvider", "spec", {}, KEY_REQUIRED),
        ("ModelProvider", "spec.protocol", "OpenAI", 'supported values: "Mistral", "ChatCompletions"'),
        ("ModelProvider", "spec.apiKeySecretRef.key", "..", SECRET_KEY),
        ("ModelProvider", "spec.url", "api.mistral.ai", ADDRESS),
        ("ModelProvider", "spec.url", "https://key@api.mistral.ai", ADDRESS),
        ("ModelProvider", "spec.url", "http://vllm:65536/v1", ADDRESS),
        ("MCPServer", "metadata.name", "x" * 31, SERVER_NAME),
        ("MCPServer", "metadata.name", "yahoo.finance", SERVER_NAME),
        ("MCPServer", "spec", {}, ONE_TRANSPORT),
        ("MCPServer", "spec", {"sse": HTTP, "streamableHttp": HTTP}, ONE_TRANSPORT),
        ("MCPServer", "spec.streamableHttp.url", "https://key@example.com/mcp", SERVER_ADDRESS),
        ("MCPServer", "spec.streamableHttp.url", "http://tools:70000/mcp", SERVER_ADDRESS),
        ("MCPServer", "spec.streamableHttp.headers[0].name", "X Team", "must be letters, digits and '-'"),
        ("MCPServer", "spec.streamableHttp.headers[0]", {"name": "A"}, "exactly one of value and valueFrom"),
        ("MCPServer", "spec.streamableHttp.headers[0].name", "Content-Length", "the worker sets this header"),
        ("MCPServer", "spec.streamableHttp.headers[0].name", "mcp-session-id", "the worker sets this header"),
        ("MCPServer", "spec.streamableHttp.headers[0].value", "a\r\nX: b", "ASCII without line breaks"),
        ("MCPServer", "spec.streamableHttp.headers", [TEAM, {**TEAM, "name": "x-TEAM"}], "come twice"),
        (
            "MCPServer",
            "spec.streamableHttp.headers",
            [{**TEAM, "name": "authorization"}],
            "leave out one of them",
        ),
        ("MCPServer", "spec.callTimeout", "1d", DURATION),
        ("WorkerPool", "spec.stdio.allowedCommands", [""], "should be at least 1 chars long"),
        ("WorkerPool", "metadata.name", "x" * 41, POOL_NAME),
        ("WorkerPool", "metadata.name", "gpu.large", POOL_NAME),
        ("WorkerPool", "spec.replicas", -1, "should be greater than or equal to 0"),
        ("WorkerPool", f"{CONTAINERS}", [], "should have at least 1 item"),
        ("WorkerPool", f"{CONTAINERS}", [WORKER, WORKER], 'Duplicate value: {"name":"worker"}'),
        ("WorkerPool", f"{CONTAINERS}", [SIDECAR], NO_WORKER),
        ("WorkerPool", f"{CONTAINERS}[0].image", None, "Required value"),
        ("WorkerPool", "spec.template.metadata.labels.team", 1, "must be of type string"),
        ("WorkerPool", f"{CONTAINERS}[0].image", "", IMAGE),
        ("WorkerPool", f"{CONTAINERS}[0].env", [{"name": "TEMPORAL_ADDRESS"}], RESERVED),
        ("WorkerPool", f"{CONTAINERS}[0].env", TWICE, 'env[1]: Duplicate value: {"name":"A"}'),
    ],
)
def test_refusal_names_the_field_and_the_remedy(
    kind: str, field: str, value: JsonValue, remedy: str, namespace: Namespace
) -> None:
    refusal = _refusal(kind, field, value, namespace)
    assert field in refusal
    assert remedy in refusal


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Agent", "spec.modle"),
        ("Agent", "spec.tools[0].mpc"),
        ("MCPServer", "spec.http"),
        ("AgentRun", "spec.agentref"),
        ("ModelProvider", "spec.apiKey"),
        ("WorkerPool", "spec.replica"),
    ],
)
def test_unknown_field_is_named(kind: str, field: str, namespace: Namespace) -> None:
    assert f'unknown field "{field}"' in _refusal(kind, field, "text", namespace)


def _refusal(kind: str, field: str, value: JsonValue, namespace: Namespace) -> str:
    manifest = sample(next(each for each in KINDS if each.name == kind))
    path = tuple(int(step) if step.isdigit() else step for step in re.findall(r"\w+", field))
    with pytest.raises(ExpectedError) as refusal:
        namespace.kubectl("apply", "--filename=-", stdin=json.dumps(apply(manifest, Put(path, value))))
    return str(refusal.value)
