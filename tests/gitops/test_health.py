"""How Argo CD and Flux judge what the operator writes, by the checks that docs/gitops ships."""

from datetime import timedelta
from typing import Literal, TypeVar

import pytest

from agents_crds.contract.mcp import McpCatalogue
from agents_crds.generate.manifest import KINDS
from agents_crds.v1alpha1 import (
    Agent,
    AgentRun,
    ConditionType,
    MCPServer,
    ModelProvider,
    Reason,
    RemoteAgent,
    Status,
    TemporalConnection,
    WorkerPool,
)
from agents_operator.agents.plan import Nowhere
from agents_operator.agents.standing import Shortfall, Standing
from agents_operator.agents.status import fenced_status, suspended_status, synced_status
from agents_operator.connections.reconcile import connected_status
from agents_operator.engine.settle import early_status
from agents_operator.errors import Waiting
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.mcpservers.status import listed_status
from agents_operator.pools.status import Offer, blame, ready_status
from agents_operator.providers.reconcile import available_status
from agents_operator.runs.status import failed_status, outcome_status, started_status
from tests.gitops.judging import Judge, Verdict
from tests.unit.operator.objects import NOW, agent, mcp_server, pool, provider, run, temporal_connection
from tests.unit.operator.runs.test_status import STARTED, WORKFLOW, outcome

Kind = TypeVar("Kind", Agent, AgentRun, MCPServer, ModelProvider, TemporalConnection, WorkerPool)
REMOTE = RemoteAgent(id="ag_1", version=3, provider="default")
SERVING = WorkerDeployment.model_validate(
    {
        "metadata": {"name": "default-b1", "labels": {"durable-agents.dev/build": "b1"}},
        "status": {"readyReplicas": 1},
    }
)

COMING = (
    Reason.PENDING, Reason.PROGRESSING, Reason.DELETING, Reason.AGENT_NOT_FOUND, Reason.AGENT_NOT_READY,
    Reason.CONFIG_MAP_NOT_FOUND, Reason.CONVERSATION_BUSY, Reason.CONVERSATION_NOT_FOUND,
    Reason.HANDOFF_NOT_FOUND, Reason.HANDOFF_NOT_READY,
    Reason.MCP_SERVER_NOT_FOUND, Reason.MCP_SERVER_NOT_READY, Reason.PROVIDER_NOT_FOUND,
    Reason.PROVIDER_NOT_READY, Reason.RUNNING, Reason.SECRET_NOT_FOUND,
    Reason.TEMPORAL_CONNECTION_NOT_FOUND, Reason.TEMPORAL_CONNECTION_NOT_READY, Reason.WAITING,
    Reason.WORKER_NOT_RESPONDING, Reason.WORKER_POOL_NOT_FOUND, Reason.WORKER_POOL_NOT_READY,
)  # fmt: skip
"""On its way, or waits for an object that may be applied a moment later."""
AWAY = (
    Reason.COMMAND_FAILED, Reason.CONTAINER_NOT_STARTED, Reason.DEPLOYMENT_REFUSED,
    Reason.TOOLS_DROPPED, Reason.HANDOFF_TARGET_GONE, Reason.IMAGE_PULL_FAILED, Reason.PODS_REFUSED,
    Reason.PODS_UNSCHEDULABLE, Reason.PROMPT_NOT_FOUND,
    Reason.PROVIDER_UNAUTHORIZED, Reason.PROVIDER_UNREACHABLE, Reason.SECRET_INVALID, Reason.SERVER_ERROR,
    Reason.SERVER_TIMED_OUT, Reason.SERVER_UNAUTHORIZED, Reason.SERVER_UNREACHABLE, Reason.SNAPSHOT_TOO_LARGE,
    Reason.TEMPORAL_NAMESPACE_NOT_FOUND, Reason.TEMPORAL_TOO_OLD, Reason.TEMPORAL_UNAUTHORIZED,
    Reason.TEMPORAL_UNREACHABLE, Reason.TOOL_REMOVED, Reason.WORKER_CRASHING,
)  # fmt: skip
"""Something is wrong that may be put right elsewhere: Flux waits as long as it is told to."""
WRONG = (
    Reason.COMMAND_NOT_ALLOWED, Reason.DUPLICATE_TOOL, Reason.HANDOFF_NOT_POSSIBLE, Reason.INVALID_OBJECT,
    Reason.LIST_TOO_LARGE, Reason.MODEL_NOT_FOUND, Reason.OUTPUT_SCHEMA_INVALID, Reason.POD_TEMPLATE_INVALID,
    Reason.PROVIDER_REJECTED, Reason.REMOTE_AGENT_FIXED, Reason.REMOTE_AGENT_NOT_FOUND,
    Reason.SESSION_NOT_POSSIBLE, Reason.TOOL_INVALID,
    Reason.TOOL_NOT_FOUND, Reason.TOO_MANY_TOOLS, Reason.WORKER_TOO_NEW, Reason.WORKER_TOO_OLD,
)  # fmt: skip
"""Only an edit helps."""
STOPPED = (Reason.SUSPENDED, Reason.AGENT_SUSPENDED, Reason.INPUT_REQUIRED)
FINE = (
    Reason.ACCEPTED, Reason.AS_EXPECTED, Reason.AVAILABLE, Reason.INPUT_RECEIVED, Reason.RESOLVED,
    Reason.ROLLOUT_COMPLETE, Reason.SYNCED,
)  # fmt: skip
ENDS = (
    Reason.AGENT_MISMATCH, Reason.CONTEXT_EXCEEDED, Reason.RESULT_LOST, Reason.STARTING_DEADLINE_EXCEEDED,
    Reason.STOPPED,
    Reason.BUDGET_EXCEEDED, Reason.CANCELLED, Reason.CONVERSATION_LOST, Reason.MAX_TURNS_REACHED,
    Reason.OUTPUT_INVALID, Reason.PROVIDER_ERROR, Reason.REPORT_REJECTED, Reason.STUCK_IN_LOOP,
    Reason.TERMINATED, Reason.TIMED_OUT, Reason.WORKER_POOL_DELETED, Reason.WORKFLOW_FAILED,
    Reason.WORKFLOW_LOST,
)  # fmt: skip


def judged(judge: Judge, stored: Kind, status: Status) -> Verdict:
    [verdict] = judge.judge([stored.model_copy(update={"status": status})])
    return verdict


def said(verdict: Verdict) -> str:
    return f"{verdict.argo} {verdict.flux} {verdict.kstatus}"


def early(stored: Kind, reason: Reason) -> Status:
    """What `engine.settle` writes when a reconcile ends early."""
    is_run = isinstance(stored, AgentRun)
    summary = ConditionType.SUCCEEDED if is_run else ConditionType.READY
    undone: Literal["False", "Unknown"] = "Unknown" if is_run else "False"
    waiting = Waiting(reason, "what to do", after=timedelta(seconds=1), condition=summary)
    return early_status(stored, waiting, summary=summary, undone=undone, now=NOW)


def test_checks_are_shipped_for_every_kind(judge: Judge) -> None:
    assert set(judge.scripts) == set(judge.expressions) == {kind.name for kind in KINDS}


def test_every_reason_has_a_place_here() -> None:
    placed = (*COMING, *AWAY, *WRONG, *STOPPED, *FINE, *ENDS, Reason.SUCCEEDED)
    assert sorted(placed) == sorted(Reason)


@pytest.mark.parametrize(
    ("stored", "kstatus"),
    [
        (agent(), "InProgress"),
        (provider(), "InProgress"),
        (mcp_server(), "InProgress"),
        (pool(), "InProgress"),
        (temporal_connection(), "InProgress"),
        (run(), "Current"),  # kstatus knows nothing of Succeeded
    ],
    ids=lambda each: type(each).__name__,
)
def test_object_that_nobody_has_looked_at_is_on_its_way(judge: Judge, stored: Kind, kstatus: str) -> None:
    default = type(stored).model_fields["status"].default
    assert said(judged(judge, stored, default)) == f"Progressing InProgress {kstatus}"
    without = judge.judge(
        [stored.model_copy(update={"status": default.model_copy(update={"conditions": ()})})]
    )
    assert without[0].argo == "Progressing"


@pytest.mark.parametrize(
    "stored",
    [agent(), provider(), mcp_server(), pool(), temporal_connection()],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize(
    ("reasons", "verdict"),
    [
        pytest.param(COMING, "Progressing InProgress InProgress", id="coming"),
        pytest.param(AWAY, "Degraded InProgress InProgress", id="away"),
        pytest.param(WRONG, "Degraded Failed InProgress", id="wrong"),
    ],
)
def test_object_that_cannot_be_used_is_judged_by_its_reason(
    judge: Judge, stored: Kind, reasons: tuple[Reason, ...], verdict: str
) -> None:
    objects = [stored.model_copy(update={"status": early(stored, reason)}) for reason in reasons]
    verdicts = judge.judge(objects)
    assert {reason: said(each) for reason, each in zip(reasons, verdicts, strict=True)} == dict.fromkeys(
        reasons, verdict
    )
    assert verdicts[0].message == f"{reasons[0]}: what to do"


def test_agent_in_step_is_healthy(judge: Judge) -> None:
    verdict = judged(judge, agent(), synced_status(agent(), REMOTE, Standing(), now=NOW))
    assert said(verdict) == "Healthy Current Current"
    assert verdict.message == "Synced: remote agent ag_1 is at version 3"


def test_agent_whose_edit_was_not_looked_at_yet_is_on_its_way(judge: Judge) -> None:
    status = synced_status(agent(generation=1), REMOTE, Standing(), now=NOW)
    assert said(judged(judge, agent(generation=2), status)) == "Progressing InProgress InProgress"


def test_agent_that_is_being_made_is_on_its_way(judge: Judge) -> None:
    status = fenced_status(agent(), Nowhere(), provider(), now=NOW)
    assert said(judged(judge, agent(), status)) == "Progressing InProgress InProgress"


def test_agent_that_waits_for_its_handoffs_is_on_its_way(judge: Judge) -> None:
    status = synced_status(agent(), REMOTE, Standing(unlinked=("clerk",)), now=NOW)
    assert said(judged(judge, agent(), status)) == "Progressing InProgress InProgress"


def test_agent_that_serves_with_something_missing_is_degraded_and_keeps_nobody_waiting(judge: Judge) -> None:
    shortfall = Shortfall(Reason.MCP_SERVER_NOT_READY, "MCPServer maps is away")
    verdict = judged(
        judge, agent(), synced_status(agent(), REMOTE, Standing(shortfalls=(shortfall,)), now=NOW)
    )
    assert said(verdict) == "Degraded Current Current"
    assert verdict.message == "MCPServerNotReady: MCPServer maps is away"


def test_suspended_agent_is_what_its_manifest_wants(judge: Judge) -> None:
    stored = agent(spec={"suspend": True})
    assert said(judged(judge, stored, suspended_status(stored, now=NOW))) == "Suspended Current InProgress"


def test_provider_that_accepts_its_key_is_healthy(judge: Judge) -> None:
    status = available_status(provider(), "accepts the key", now=NOW)
    assert said(judged(judge, provider(), status)) == "Healthy Current Current"


def test_connection_that_lets_the_operator_in_is_healthy(judge: Judge) -> None:
    status = connected_status(temporal_connection(), "1.32.0", now=NOW)
    assert said(judged(judge, temporal_connection(), status)) == "Healthy Current Current"


def test_server_that_lists_its_tools_is_healthy(judge: Judge) -> None:
    catalogue = McpCatalogue(server_name="maps", tools=(), prompts=())
    status = listed_status(mcp_server(), catalogue, now=NOW)
    assert said(judged(judge, mcp_server(), status)) == "Healthy Current Current"


def test_pool_whose_build_answers_is_healthy(judge: Judge) -> None:
    status = ready_status(pool(), "b1", Offer(2, ()), now=NOW)
    assert said(judged(judge, pool(), status)) == "Healthy Current Current"


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (Reason.WORKER_NOT_RESPONDING, "Progressing InProgress Current"),
        (Reason.IMAGE_PULL_FAILED, "Degraded InProgress Current"),
        (Reason.POD_TEMPLATE_INVALID, "Degraded Failed Current"),
    ],
)
def test_pool_that_serves_with_an_earlier_build_is_judged_by_its_rollout(
    judge: Judge, reason: Reason, verdict: str
) -> None:
    served = ready_status(pool(), "b1", Offer(2, ()), now=NOW)
    stored = pool(generation=2).model_copy(update={"status": served})
    waiting = Waiting(reason, "what to do", after=timedelta(seconds=1))
    blame(waiting, stored, "b2", (SERVING,), now=NOW)
    status = early_status(stored, waiting, summary=ConditionType.READY, undone="False", now=NOW)
    found = judged(judge, stored, status)
    assert said(found) == verdict
    assert found.message == f"{reason}: what to do"


@pytest.mark.parametrize(
    ("reasons", "argo"),
    [
        pytest.param(COMING, "Progressing", id="coming"),
        pytest.param((Reason.AGENT_SUSPENDED, Reason.INPUT_REQUIRED), "Suspended", id="suspended"),
        pytest.param((*AWAY, *WRONG), "Degraded", id="wrong"),
    ],
)
def test_run_that_waits_to_be_started_has_not_failed(
    judge: Judge, reasons: tuple[Reason, ...], argo: str
) -> None:
    verdicts = judge.judge(run().model_copy(update={"status": early(run(), reason)}) for reason in reasons)
    # By itself kstatus takes it for done.
    assert {said(each) for each in verdicts} == {f"{argo} InProgress Current"}


def test_run_that_goes_is_on_its_way(judge: Judge) -> None:
    verdict = judged(judge, run(), started_status(run(), WORKFLOW, STARTED))
    assert said(verdict) == "Progressing InProgress Current"
    assert verdict.message == "Running: the workflow was started"


def test_run_that_succeeded_is_healthy(judge: Judge) -> None:
    verdict = judged(judge, run(), outcome_status(run(), WORKFLOW, outcome(Reason.SUCCEEDED), now=NOW))
    assert said(verdict) == "Healthy Current Current"


@pytest.mark.parametrize("reason", ENDS)
def test_run_that_ended_otherwise_has_failed(judge: Judge, reason: Reason) -> None:
    reported = outcome_status(run(), WORKFLOW, outcome(reason), now=NOW)
    assert said(judged(judge, run(), reported)) == "Degraded Failed Current"
    found_out = failed_status(run(), reason, "as it ended", finished_at=NOW, now=NOW)
    assert said(judged(judge, run(), found_out)) == "Degraded Failed Current"
