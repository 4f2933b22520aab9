from dataclasses import replace
from datetime import timedelta

import pytest

from agents_crds.contract import CONTRACT, LIMITS_CONTRACT
from agents_crds.contract.names import INSTALLATION_KEY, NAME_KEY, NAMESPACE_KEY, UID_KEY
from agents_crds.contract.run import ToolRoute
from agents_crds.v1alpha1 import Agent, AgentRun, ConditionType, Reason
from agents_operator.errors import Waiting
from agents_operator.runs.plan import Cancel, Keep, References, Start, effective_limits, plan_run, tool_routes
from tests.unit.operator.objects import (
    DELETED,
    Manifest,
    agent,
    condition,
    in_step,
    pool,
    provider,
    ready_agent,
    run,
    tool,
)

INSTALLATION = "inst"
SCHEMA: Manifest = {"type": "object", "required": ["rate"]}
REFERENCES = References(ready_agent(), provider(), pool())


def plan(planned: AgentRun, references: References = REFERENCES) -> Keep | Cancel | Start:
    return plan_run(planned, references, installation=INSTALLATION)


def start(planned: AgentRun, references: References = REFERENCES) -> Start:
    action = plan(planned, references)
    assert isinstance(action, Start)
    return action


@pytest.mark.parametrize(
    ("planned", "action"),
    [
        pytest.param(run(status={"finished": True}), Keep(), id="finished"),
        pytest.param(
            run(status={"finished": True}, deletionTimestamp=DELETED), Keep(), id="finished, deleted"
        ),
        pytest.param(run(deletionTimestamp=DELETED), Cancel(), id="deleted before it started"),
        pytest.param(
            run(status={"workflowId": "inst/team/u"}, deletionTimestamp=DELETED), Cancel(), id="deleted"
        ),
        pytest.param(run(status={"workflowId": "inst/team/u"}), Keep(), id="recorded as started"),
    ],
)
@pytest.mark.parametrize("references", [REFERENCES, References(None, None, None)], ids=["ready", "nothing"])
def test_run_that_needs_no_start_gets_none(
    planned: AgentRun, references: References, action: Keep | Cancel
) -> None:
    assert plan(planned, references) == action


def not_ready(reason: str, message: str) -> Manifest:
    return {"observedGeneration": 1, "conditions": [condition("Ready", "False", reason, message)]}


@pytest.mark.parametrize(
    ("referred", "reason", "message"),
    [
        pytest.param(
            None,
            Reason.AGENT_NOT_FOUND,
            "there is no Agent finance in namespace team; the run starts when it appears",
            id="missing",
        ),
        pytest.param(
            ready_agent(deletionTimestamp=DELETED),
            Reason.AGENT_NOT_READY,
            "Agent finance is being deleted",
            id="deleting",
        ),
        pytest.param(
            ready_agent(spec={"suspend": True}),
            Reason.AGENT_SUSPENDED,
            "Agent finance is suspended; set spec.suspend to false",
            id="suspended",
        ),
        pytest.param(agent(), Reason.AGENT_NOT_READY, "Agent finance is being reconciled", id="new"),
        pytest.param(
            ready_agent(generation=2),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="ready in an older generation",
        ),
        pytest.param(
            agent(status=not_ready("ModelNotFound", "no such model")),
            Reason.AGENT_NOT_READY,
            "Agent finance is not Ready: ModelNotFound: no such model",
            id="not ready",
        ),
        pytest.param(
            agent(status=not_ready("ModelNotFound", "no such model"), generation=2),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="not ready in an older generation",
        ),
        pytest.param(
            agent(status=in_step() | {"remote": {"createPending": True}}),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="without a remote agent",
        ),
        pytest.param(
            agent(status=in_step() | {"remote": {"id": "ag_1"}}),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="without a remote version",
        ),
    ],
)
def test_run_waits_for_its_agent_and_says_why(referred: Agent | None, reason: Reason, message: str) -> None:
    with pytest.raises(Waiting) as waiting:
        plan(run(), replace(REFERENCES, agent=referred))
    assert (waiting.value.reason, waiting.value.message) == (reason, message)
    assert waiting.value.condition is ConditionType.SUCCEEDED


@pytest.mark.parametrize(
    "references",
    [replace(REFERENCES, provider=None), replace(REFERENCES, pool=None)],
    ids=["provider", "pool"],
)
def test_run_waits_while_what_its_agent_refers_to_is_not_seen(references: References) -> None:
    with pytest.raises(Waiting, match="Agent finance is being reconciled"):
        plan(run(), references)


@pytest.mark.parametrize(
    ("referred", "expected"), [(None, False), (agent(), True)], ids=["missing", "not ready"]
)
def test_only_a_missing_agent_is_worth_an_event(referred: Agent | None, *, expected: bool) -> None:
    with pytest.raises(Waiting) as waiting:
        plan(run(), replace(REFERENCES, agent=referred))
    assert waiting.value.expected is expected


def test_every_name_outside_the_cluster_has_the_installation_before_it() -> None:
    action = start(run(uid="u-1"), References(ready_agent(), provider("eu"), pool("gpu")))
    assert action.identity.workflow_id == "inst/team/u-1"
    assert action.queue == "inst/team/pools/gpu"
    assert action.run_input.operator_queue == "inst/operator"
    assert action.run_input.loop.agent.provider.queue == "inst/team/providers/eu"


def test_workflow_is_given_the_agent_as_it_is_now() -> None:
    action = start(run(spec={"input": "How much?"}))
    loop = action.run_input.loop
    assert action.run_input.contract == CONTRACT
    assert loop.input == "How much?"
    assert (loop.agent.name, loop.agent.remote_id, loop.agent.remote_version) == ("finance", "ag_1", 3)
    assert (loop.agent.provider.name, loop.agent.provider.url) == ("default", "https://api.mistral.ai")
    assert action.run_input.state is None


def test_memo_says_what_a_later_look_needs_to_know() -> None:
    memo = start(run("rates-7", uid="u-7")).memo
    assert (memo.namespace, memo.name, memo.uid) == ("team", "rates-7", "u-7")
    assert (memo.agent_id, memo.agent_version) == ("ag_1", 3)


def test_conversation_is_marked_as_this_very_run_s() -> None:
    metadata = start(run("rates-7", uid="u-7")).run_input.loop.conversation_metadata
    assert metadata == {
        INSTALLATION_KEY: "inst",
        NAMESPACE_KEY: "team",
        NAME_KEY: "rates-7",
        UID_KEY: "u-7",
    }


def test_key_goes_by_its_name_and_never_by_its_value() -> None:
    secret = "sk-hunter2"
    referred = provider(spec={"apiKeySecretRef": {"name": "mistral", "key": "token", "value": secret}})
    workers = pool(container={"env": [{"name": "OTHER_KEY", "value": secret}]})
    action = start(run(), References(ready_agent(), referred, workers))
    assert action.run_input.loop.agent.provider.key_path == "mistral/token"
    assert secret not in action.run_input.model_dump_json() + action.memo.model_dump_json()


AGENT_LIMITS: Manifest = {"limits": {"maxTurns": 10, "timeout": "1h"}}


@pytest.mark.parametrize(
    ("own", "turns", "timeout"),
    [
        (None, 10, timedelta(hours=1)),
        ({}, 10, timedelta(hours=1)),
        ({"maxTurns": 3}, 3, timedelta(hours=1)),
        ({"timeout": "5m"}, 10, timedelta(minutes=5)),
        ({"maxTurns": 3, "timeout": "5m"}, 3, timedelta(minutes=5)),
        ({"maxTurns": 11, "timeout": "2h"}, 10, timedelta(hours=1)),
    ],
)
def test_run_can_only_lower_the_limits(own: Manifest | None, turns: int, timeout: timedelta) -> None:
    planned = run(spec={"limits": own})
    limits = effective_limits(ready_agent(spec=AGENT_LIMITS), planned.spec.limits)
    assert (limits.max_turns, limits.timeout) == (turns, timeout)
    assert (
        start(planned, replace(REFERENCES, agent=ready_agent(spec=AGENT_LIMITS))).run_input.loop.limits
        == limits
    )


@pytest.mark.parametrize(
    ("agent_s", "run_s", "budget", "retries"),
    [
        pytest.param({}, {}, None, 2, id="nobody says anything"),
        pytest.param({"maxTotalTokens": 100, "outputRetries": 0}, {}, 100, 0, id="the Agent"),
        pytest.param({}, {"maxTotalTokens": 50, "outputRetries": 1}, 50, 1, id="the run"),
        pytest.param(
            {"maxTotalTokens": 100, "outputRetries": 1},
            {"maxTotalTokens": 50, "outputRetries": 0},
            50,
            0,
            id="the run lowers",
        ),
        pytest.param(
            {"maxTotalTokens": 100, "outputRetries": 1},
            {"maxTotalTokens": 500, "outputRetries": 9},
            100,
            1,
            id="the run cannot raise",
        ),
    ],
)
def test_run_can_only_lower_tokens_and_corrections(
    agent_s: Manifest, run_s: Manifest, budget: int | None, retries: int
) -> None:
    limits = effective_limits(ready_agent(spec={"limits": agent_s}), run(spec={"limits": run_s}).spec.limits)
    assert (limits.max_total_tokens, limits.output_retries) == (budget, retries)


@pytest.mark.parametrize(
    ("agent_s", "run_s", "field"),
    [
        ({"outputSchema": SCHEMA}, {}, "spec.outputSchema need"),
        ({"limits": {"maxTotalTokens": 9}}, {}, "spec.limits.maxTotalTokens need"),
        ({}, {"limits": {"maxTotalTokens": 9}}, "spec.limits.maxTotalTokens need"),
    ],
)
@pytest.mark.parametrize("status", [{}, {"contract": LIMITS_CONTRACT - 1}], ids=["not noted", "older"])
def test_run_waits_for_workers_that_do_not_pass_over_what_it_asks_for(
    agent_s: Manifest, run_s: Manifest, field: str, status: Manifest
) -> None:
    references = replace(REFERENCES, agent=ready_agent(spec=agent_s), pool=pool(status=status))
    with pytest.raises(Waiting, match=field) as waiting:
        plan(run(spec=run_s), references)
    assert waiting.value.reason is Reason.WORKER_TOO_OLD
    able = replace(references, pool=pool(status={"contract": LIMITS_CONTRACT}))
    assert start(run(spec=run_s), able).run_input.loop.agent.output_schema == agent_s.get("outputSchema")


def test_agent_s_own_tools_are_called_on_its_pool_s_queue() -> None:
    offered: Manifest = {
        "tools": [
            tool("get_rate", idempotent=True, timeout="5s"),
            tool("not_asked_for"),
            tool("pay", polling=True),
        ]
    }
    wanted: Manifest = {"tools": [{"function": {"name": "pay"}}, {"function": {"name": "get_rate"}}]}
    assert tool_routes(ready_agent(spec=wanted), pool(status=offered), "queue") == (
        ToolRoute(name="get_rate", queue="queue", idempotent=True, timeout=timedelta(seconds=5)),
        ToolRoute(name="pay", queue="queue", idempotent=False, timeout=timedelta(seconds=30), polling=True),
    )


def test_tool_that_the_pool_no_longer_offers_has_no_route() -> None:
    wanted: Manifest = {"tools": [{"function": {"name": "gone"}}]}
    assert tool_routes(ready_agent(spec=wanted), pool(), "queue") == ()
