from datetime import timedelta

import pytest

from agents_crds.contract import CONTRACT
from agents_crds.contract.names import INSTALLATION_KEY, NAME_KEY, NAMESPACE_KEY, RETENTION_KEY, UID_KEY
from agents_crds.contract.run import AgentIdentity, RunReference
from agents_crds.contract.transcript import InputMessage, TextPart
from agents_crds.v1alpha1 import AgentRun, ConditionType, Reason
from agents_crds.v1alpha1.conversation import UserInput
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.runs.input import Opening
from agents_operator.runs.plan import (
    LARGEST_LOOP,
    Cancel,
    Finish,
    Keep,
    Say,
    ShutDown,
    effective_limits,
    plan_run,
)
from tests.unit.operator.objects import (
    DELETED,
    NOW,
    Manifest,
    listed,
    mcp_server,
    pool,
    provider,
    ready_agent,
    run,
)
from tests.unit.operator.runs.worlds import INSTALLATION, linked, ready_world, started, world_of


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
@pytest.mark.parametrize("world", [ready_world(), world_of()], ids=["ready", "nothing"])
def test_run_that_needs_no_start_gets_none(planned: AgentRun, world: World, action: Keep | Cancel) -> None:
    assert plan_run(planned, world, installation=INSTALLATION, now=NOW) == action


SAID: Manifest = {"userInputs": [{"id": "a", "text": "Hello"}, {"id": "b", "text": "Hello?"}]}
STARTED: Manifest = {"workflowId": "inst/team/u"}
BOTH = tuple(UserInput(id=each, text=text) for each, text in (("a", "Hello"), ("b", "Hello?")))


@pytest.mark.parametrize(
    ("planned", "action"),
    [
        pytest.param(run(spec=SAID, status=STARTED), Say(BOTH), id="all is new"),
        pytest.param(
            run(spec=SAID, status=STARTED | {"userInputs": [{"id": "a", "state": "Told"}]}),
            Say(BOTH[1:]),
            id="one was sent before",
        ),
        pytest.param(
            run(
                spec=SAID,
                status=STARTED | {"userInputs": [{"id": each, "state": "Sent"} for each in ("b", "a")]},
            ),
            Keep(),
            id="all was sent",
        ),
        pytest.param(run(spec={"shutdown": "Stop"}, status=STARTED), ShutDown("Stop"), id="stopped"),
        pytest.param(
            run(spec=SAID | {"shutdown": "Cancel"}, status=STARTED),
            ShutDown("Cancel"),
            id="spoken to as well",
        ),
        pytest.param(run(spec=SAID | {"shutdown": "Stop"}, status={"finished": True}), Keep(), id="finished"),
    ],
)
def test_run_that_goes_on_is_told_what_people_want(planned: AgentRun, action: Keep | Say | ShutDown) -> None:
    assert plan_run(planned, ready_world(), installation=INSTALLATION, now=NOW) == action


@pytest.mark.parametrize("world", [ready_world(), world_of()], ids=["ready", "nothing"])
@pytest.mark.parametrize(
    ("shutdown", "reason"),
    [("Stop", Reason.STOPPED), ("Cancel", Reason.CANCELLED), ("Terminate", Reason.TERMINATED)],
)
def test_run_that_is_shut_down_before_its_start_gets_none(
    world: World, shutdown: str, reason: Reason
) -> None:
    action = plan_run(run(spec={"shutdown": shutdown}), world, installation=INSTALLATION, now=NOW)
    assert action == Finish(reason, "spec.shutdown was set before the run was started")


@pytest.mark.parametrize(
    ("agent", "own", "wait"),
    [
        pytest.param(None, "5m", None, id="the Agent may not ask"),
        pytest.param("1h", None, timedelta(hours=1), id="as the Agent says"),
        pytest.param("1h", "5m", timedelta(minutes=5), id="as the run says"),
        pytest.param("1h", "2h", timedelta(hours=1), id="no longer than the Agent says"),
    ],
)
def test_model_waits_for_people_as_long_as_agent_and_run_let_it(
    agent: str | None, own: str | None, wait: timedelta | None
) -> None:
    asks = ready_agent(spec={"limits": {} if agent is None else {"waitForInput": agent}})
    planned = run(spec={"limits": {} if own is None else {"waitForInput": own}})
    assert effective_limits(asks, planned.spec.limits).wait_for_input == wait


def test_every_name_outside_the_cluster_has_the_installation_before_it() -> None:
    spec: Manifest = {"providerRef": {"name": "eu"}, "workerPoolRef": {"name": "gpu"}}
    world = world_of(ready_agent(spec=spec), provider("eu"), pool("gpu"))
    action = started(run(uid="u-1"), world)
    assert action.identity.workflow_id == "inst/team/u-1"
    assert action.queue == "inst/team/pools/gpu"
    assert action.run_input.operator_queue == "inst/operator"
    assert action.run_input.loop.agent.provider.queue == "inst/team/providers/eu"


def test_workflow_is_given_the_agent_as_it_is_now() -> None:
    action = started(run(spec={"input": "How much?"}), ready_world())
    loop = action.run_input.loop
    assert action.run_input.contract == CONTRACT
    assert loop.input == "How much?"
    assert (loop.agent.name, loop.agent.remote_id, loop.agent.remote_version) == ("finance", "ag_1", 3)
    assert (loop.agent.provider.name, loop.agent.provider.url) == ("default", "https://api.mistral.ai")
    assert action.run_input.state is None


@pytest.mark.parametrize(("contract", "plain"), [(None, True), (1, True), (2, False)])
def test_workers_of_the_first_contract_are_given_what_they_can_read(
    contract: int | None, *, plain: bool
) -> None:
    status: Manifest = {} if contract is None else {"contract": contract}
    world = world_of(ready_agent(), provider(), pool(status=status))
    assert started(run(), world).plain is plain


def test_memo_says_what_a_later_look_needs_to_know() -> None:
    memo = started(run("rates-7", uid="u-7"), ready_world()).memo
    assert (memo.namespace, memo.name, memo.uid) == ("team", "rates-7", "u-7")
    assert (memo.agent_id, memo.agent_version) == ("ag_1", 3)
    assert memo.agents == (AgentIdentity(name="finance", id="ag_1", version=3),)


def test_memo_names_every_agent_that_the_run_can_come_to() -> None:
    world = ready_world(linked("front", "back"), linked("back", "front"))
    memo = started(run(spec={"agentRef": {"name": "front"}}), world).memo
    assert [(each.name, each.id) for each in memo.agents] == [("front", "ag_front"), ("back", "ag_back")]


def test_loop_knows_the_run_and_the_trace_it_belongs_to() -> None:
    uid = "00c3bf0c-9a57-4f14-8f4f-0d21bf6c5d0e"
    loop = started(run("rates-7", uid=uid), ready_world()).run_input.loop
    assert loop.run == RunReference(namespace="team", name="rates-7", uid=uid)
    assert loop.traceparent.startswith("00-00c3bf0c9a574f148f4f0d21bf6c5d0e-")


def test_messages_take_the_place_of_the_text() -> None:
    messages = (InputMessage(role="user", content=(TextPart(text="Look"),)),)
    loop = started(run(), ready_world(), Opening(messages=messages)).run_input.loop
    assert (loop.input, loop.messages) == ("", messages)


def too_large(planned: AgentRun, world: World, opening: Opening | None = None) -> str:
    with pytest.raises(Waiting) as waiting:
        started(planned, world, opening)
    assert waiting.value.reason is Reason.SNAPSHOT_TOO_LARGE
    assert waiting.value.condition is ConditionType.SUCCEEDED
    assert not waiting.value.expected
    return waiting.value.message


def test_input_that_leaves_no_room_is_said() -> None:
    message = too_large(run(), ready_world(), Opening(text="€" * 400_000))
    assert f"{LARGEST_LOOP} fit: 1200026 of its input, and the rest of 1 Agents with 0 tools" in message
    started(run(), ready_world(), Opening(text="€" * 300_000))


def test_agents_that_leave_no_room_are_said() -> None:
    tools: Manifest = {"tools": [listed(f"tool_{number:03}_{'x' * 240}") for number in range(120)]}
    uses: Manifest = {"tools": [{"mcp": {"serverRef": {"name": "maps"}}}]}
    targets = [f"agent-{number:02}" for number in range(31)]
    agents = (linked("front", *targets, spec=uses), *(linked(name, spec=uses) for name in targets))
    planned = run(spec={"agentRef": {"name": "front"}})
    message = too_large(planned, ready_world(mcp_server(status=tools), *agents))
    assert "the rest of 32 Agents with 3840 tools" in message
    fewer = (linked("front", *targets[:9], spec=uses), *agents[1:])
    assert started(planned, ready_world(mcp_server(status=tools), *fewer)).run_input.loop.handoffs


def test_conversation_is_marked_as_this_very_run_s() -> None:
    metadata = started(run("rates-7", uid="u-7"), ready_world()).run_input.loop.conversation_metadata
    assert metadata == {
        INSTALLATION_KEY: "inst",
        NAMESPACE_KEY: "team",
        NAME_KEY: "rates-7",
        UID_KEY: "u-7",
        RETENTION_KEY: "Delete",
    }


def test_key_goes_by_its_name_and_never_by_its_value() -> None:
    secret = "sk-hunter2"
    referred = provider(spec={"apiKeySecretRef": {"name": "mistral", "key": "token", "value": secret}})
    workers = pool(container={"env": [{"name": "OTHER_KEY", "value": secret}]})
    action = started(run(), world_of(ready_agent(), referred, workers))
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
    world = world_of(ready_agent(spec=AGENT_LIMITS), provider(), pool())
    assert started(planned, world).run_input.loop.limits == limits


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
