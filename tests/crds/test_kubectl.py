"""What kubectl shows of the kinds, selects by and waits for."""

import re
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from agents_crds.generate.manifest import Kind
from tests.crds.agent_samples import AGENT
from tests.crds.namespace import Namespace
from tests.crds.samples import AGENT_RUN, MCP_SERVER, MODEL_PROVIDER, WORKER_POOL, every_kind
from tests.crds.schema import Node, schema_of


def condition(type_: str, status: str, reason: str, message: str) -> JsonValue:
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-01-01T00:00:04Z",
    }


SUCCEEDED: JsonValue = {
    "finished": True,
    "workflowId": "prod/default/5f0c",
    "startTime": "2026-01-01T00:00:00Z",
    "completionTime": "2026-01-01T00:00:04Z",
    "duration": "4.2s",
    "turns": 3,
    "usage": {"promptTokens": 1000, "completionTokens": 840, "totalTokens": 1840},
    "answeredBy": "rates",
    "output": {"text": "It was 4.5 %.", "excerpt": "It was 4.5 %."},
    "expires": "2026-01-02T00:01Z",
    "conditions": [condition("Succeeded", "True", "Succeeded", "The agent gave a final answer.")],
}
RUNNING: JsonValue = {
    "workflowId": "prod/default/77aa",
    "startTime": "2026-01-01T00:00:00Z",
    "conditions": [condition("Succeeded", "Unknown", "Running", "The workflow was started.")],
}
QUESTION = "Which bank?"
ASKING: JsonValue = {
    "workflowId": "prod/default/a1b2",
    "startTime": "2026-01-01T00:00:00Z",
    "turns": 1,
    "usage": {"promptTokens": 500, "completionTokens": 20, "totalTokens": 520},
    "progress": {"step": "WaitingForInput", "agent": "finance", "until": "2026-01-01T01:00:00Z"},
    "conditions": [
        condition("Succeeded", "Unknown", "InputRequired", QUESTION),
        condition("InputRequired", "True", "InputRequired", QUESTION),
    ],
}


def test_runs_are_listed_as_the_design_shows(namespace: Namespace) -> None:
    _runs(namespace)
    assert _table(namespace.kubectl("get", "agentruns")) == [
        ["NAME", "AGENT", "SUCCEEDED", "REASON", "TURNS", "TOKENS", "DURATION", "AGE"],
        ["rates-1", "finance", "True", "Succeeded", "3", "1840", "4.2s", "AGE"],
        ["rates-2", "finance", "Unknown", "Running", "", "", "", "AGE"],
        ["rates-3", "finance", "Unknown", "InputRequired", "1", "520", "", "AGE"],
    ]


def test_wide_list_of_runs_tells_the_whole_story(namespace: Namespace) -> None:
    _runs(namespace)
    started, finished = "2026-01-01T00:00:00Z", "2026-01-01T00:00:04Z"
    ended = ["The agent gave a final answer.", "prod/default/5f0c", started, finished]
    assert [row[8:] for row in _table(namespace.kubectl("get", "agentruns", "--output=wide"))] == [
        ["STEP", "ANSWERED-BY", "OUTPUT", "MESSAGE", "WORKFLOW", "STARTED", "FINISHED"],
        ["", "rates", "It was 4.5 %.", *ended],
        ["", "", "", "The workflow was started.", "prod/default/77aa", started, ""],
        ["WaitingForInput", "", "", QUESTION, "prod/default/a1b2", started, ""],
    ]


def test_agents_are_listed_with_their_remote_version(namespace: Namespace) -> None:
    namespace.create(AGENT)
    ready = condition("Ready", "True", "Synced", "The remote agent is as the spec says.")
    whole = condition("Degraded", "False", "AsExpected", "Nothing is missing.")
    remote: JsonValue = {"id": "ag_1", "version": 2}
    namespace.set_status("Agent", "finance", {"remote": remote, "conditions": [ready, whole]})
    assert _table(namespace.kubectl("get", "agents", "--output=wide")) == [
        ["NAME", "MODEL", "READY", "REASON", "DEGRADED", "VERSION", "AGE", "SESSION", "ID", "MESSAGE"],
        [
            *("finance", "mistral-medium-latest", "True", "Synced", "False", "2", "AGE"),
            *("Remote", "ag_1", "The remote agent is as the spec says."),
        ],
    ]


def test_providers_are_listed_with_their_address(namespace: Namespace) -> None:
    namespace.create(MODEL_PROVIDER)
    refused = condition("Ready", "False", "ProviderUnauthorized", "401: Unauthorized")
    namespace.set_status("ModelProvider", "default", {"conditions": [refused]})
    assert _table(namespace.kubectl("get", "modelproviders", "--output=wide")) == [
        ["NAME", "URL", "READY", "REASON", "AGE", "PROTOCOL", "MESSAGE"],
        [
            *("default", "https://api.mistral.ai", "False", "ProviderUnauthorized", "AGE"),
            *("Mistral", "401: Unauthorized"),
        ],
    ]


def test_mcp_servers_are_listed_with_their_tools_and_their_age(namespace: Namespace) -> None:
    namespace.create(MCP_SERVER)
    ready = condition("Ready", "True", "Available", "yahoo 1.2 lists 2 tools and 1 prompt.")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status: JsonValue = {"toolCount": 2, "promptCount": 1, "refreshTime": now, "conditions": [ready]}
    namespace.set_status("MCPServer", "yahoo-finance", status)
    header, row = _table(namespace.kubectl("get", "mcp", "--output=wide"))
    assert header == [
        *("NAME", "READY", "REASON", "TOOLS", "PROMPTS", "REFRESHED", "AGE", "POOL", "MESSAGE"),
    ]
    assert row[:5] == ["yahoo-finance", "True", "Available", "2", "1"]
    assert re.fullmatch(r"\d+s", row[5])
    assert row[6:] == ["AGE", "default", "yahoo 1.2 lists 2 tools and 1 prompt."]


def test_pools_are_listed_with_their_work_and_what_keeps_the_next_build_back(namespace: Namespace) -> None:
    namespace.create(WORKER_POOL)
    ready = condition("Ready", "True", "Available", "A worker answered.")
    rollout = condition("Progressing", "True", "ImagePullFailed", "The image is not there.")
    scaling: JsonValue = {
        "desiredReplicas": 3,
        "executingRuns": 120,
        "waitingRuns": 40,
        "backlog": 7,
        "reason": "Executing",
        "message": "120 executing runs, 50 for each worker",
    }
    status: JsonValue = {
        "build": "3f9a",
        "replicas": 3,
        "readyReplicas": 2,
        "autoscaling": scaling,
        "conditions": [ready, rollout],
    }
    namespace.set_status("WorkerPool", "default", status)
    assert _table(namespace.kubectl("get", "workerpools", "--output=wide")) == [
        [
            *("NAME", "READY", "REASON", "ROLLOUT", "DESIRED", "PODS", "EXECUTING", "BACKLOG", "BUILD"),
            *("AGE", "SCALING", "WAITING", "IMAGE", "MESSAGE"),
        ],
        [
            *("default", "True", "Available", "ImagePullFailed", "3", "2", "120", "7", "3f9a"),
            *("AGE", "Executing", "40", "registry.example/workers:1.2", "A worker answered."),
        ],
    ]


@pytest.mark.parametrize(
    ("short", "manifest", "name"),
    [
        ("ag", AGENT, "agent.durable-agents.dev/finance"),
        ("arun", AGENT_RUN, "agentrun.durable-agents.dev/rates-1"),
        ("mcp", MCP_SERVER, "mcpserver.durable-agents.dev/yahoo-finance"),
        ("mprov", MODEL_PROVIDER, "modelprovider.durable-agents.dev/default"),
        ("wp", WORKER_POOL, "workerpool.durable-agents.dev/default"),
    ],
)
def test_kind_has_a_short_name_and_the_category(
    short: str, manifest: str, name: str, namespace: Namespace
) -> None:
    namespace.create(manifest)
    assert namespace.kubectl("get", short, "--output=name") == f"{name}\n"
    assert namespace.kubectl("get", "durable-agents", "--output=name") == f"{name}\n"


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("status.finished!=true", ["rates-2", "rates-3"]),
        ("status.finished=true", ["rates-1"]),
        ("status.expires=2026-01-02T00:01Z", ["rates-1"]),
        ("status.expires=2026-01-02T00:02Z", []),
        ("spec.agentRef.name=finance", ["rates-1", "rates-2", "rates-3"]),
        ("spec.agentRef.name=legal", []),
    ],
)
def test_runs_are_selected_by_field(selector: str, names: list[str], namespace: Namespace) -> None:
    _runs(namespace)
    shown = namespace.kubectl("get", "agentruns", f"--field-selector={selector}", "--output=name")
    assert shown.split() == [f"agentrun.durable-agents.dev/{name}" for name in names]


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("spec.providerRef.name=default", 1),
        ("spec.providerRef.name=other", 0),
        ("spec.workerPoolRef.name=default", 1),
        ("spec.workerPoolRef.name!=default", 0),
    ],
)
def test_agents_are_selected_by_what_they_refer_to(selector: str, count: int, namespace: Namespace) -> None:
    namespace.create(AGENT)
    shown = namespace.kubectl("get", "agents", f"--field-selector={selector}", "--output=name")
    assert len(shown.split()) == count


def test_finished_runs_are_deleted_by_their_expiry(namespace: Namespace) -> None:
    _runs(namespace)
    namespace.kubectl("delete", "agentruns", "--field-selector=status.expires=2026-01-02T00:01Z")
    left = namespace.kubectl("get", "agentruns", "--output=name").split()
    assert left == ["agentrun.durable-agents.dev/rates-2", "agentrun.durable-agents.dev/rates-3"]


def test_kubectl_waits_for_a_run_to_succeed(namespace: Namespace) -> None:
    _runs(namespace)
    met = namespace.kubectl("wait", "--for=condition=Succeeded", "agentrun/rates-1", "--timeout=10s")
    assert met == "agentrun.durable-agents.dev/rates-1 condition met\n"


def test_kubectl_waits_for_an_agent_to_be_ready(namespace: Namespace) -> None:
    namespace.create(AGENT)
    namespace.set_status("Agent", "finance", {"conditions": [condition("Ready", "True", "Synced", "")]})
    met = namespace.kubectl("wait", "--for=condition=Ready", "agent/finance", "--timeout=10s")
    assert met == "agent.durable-agents.dev/finance condition met\n"


@every_kind
def test_kubectl_explains_every_field(kind: Kind, namespace: Namespace) -> None:
    schema = schema_of(kind)
    assert schema.description in _words(namespace.kubectl("explain", kind.plural))
    unexplained = []
    for path, node in _objects(schema, kind.plural):
        shown = _words(namespace.kubectl("explain", path))
        unexplained += [
            f"{path}.{name}"
            for name, child in node.properties.items()
            if not (child.description and f"{name} <" in shown and child.description in shown)
        ]
    assert unexplained == []


def _objects(node: Node, path: str) -> list[tuple[str, Node]]:
    """Every object of a kind but itself, as `kubectl explain` names it: it shows the fields of one."""
    found = []
    for name in node.properties:
        child = node.properties[name].items or node.properties[name]
        if child.properties:
            found += [(f"{path}.{name}", child), *_objects(child, f"{path}.{name}")]
    return found


def _words(text: str) -> str:
    return " ".join(text.split())


def _runs(namespace: Namespace) -> None:
    for name, status in (("rates-1", SUCCEEDED), ("rates-2", RUNNING), ("rates-3", ASKING)):
        namespace.create(AGENT_RUN.replace("rates-1", name))
        namespace.set_status("AgentRun", name, status)


def _table(shown: str) -> list[list[str]]:
    """The cells of what `kubectl get` prints, found by where the columns begin; ages become `AGE`."""
    header, *rows = shown.splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", header)]
    ends = [*starts[1:], None]
    cells = [
        [line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in (header, *rows)
    ]
    age = cells[0].index("AGE")
    assert all(re.fullmatch(r"\d+[smhd]", row[age]) for row in cells[1:])
    return [cells[0], *([*row[:age], "AGE", *row[age + 1 :]] for row in cells[1:])]
