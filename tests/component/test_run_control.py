"""Runs that are spoken to, that ask, wait, and are ended early."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRun
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.standin.control import APPEND, rate_limited
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.user import condition, eventually, stays

LOOK = ScriptedText(text="I look.")
READ = ScriptedCall(call="read_meter", arguments={"meter": "north-7"})
PAY = ScriptedCall(call="transfer_money", arguments={"amount": 7})
ASK = ScriptedCall(call="ask_user", arguments={"question": "Which meter do you mean?"})
ANSWER = ScriptedTurn(steps=(ScriptedText(text="Heard: {results}"),))

Direct = Callable[..., None]


@pytest.fixture
def direct(platform: Platform, tenant: Tenant) -> Iterator[Direct]:
    """Make an agent `clerk` whose model does these turns."""

    def make(*turns: ScriptedTurn, **spec: JsonValue) -> None:
        script = Script(agent=f"{tenant.namespace}.clerk", turns=turns)
        platform.standin.set_scenario(Scenario(scripts=(script,)))
        tools: JsonValue = [{"function": {"name": name}} for name in ("read_meter", "transfer_money")]
        tenant.ready_agent("clerk", tools=tools, **spec)

    yield make
    tenant.tool_gate.unlink(missing_ok=True)
    platform.standin.set_scenario(Scenario())


def say(tenant: Tenant, run: str, id_: str, text: str) -> None:
    said = {"spec": {"userInputs": [{"id": id_, "text": text}]}}
    tenant.kubectl("patch", f"agentrun/{run}", "--type=merge", f"--patch={json.dumps(said)}")


def shut_down(tenant: Tenant, run: str, how: str) -> None:
    patch = json.dumps({"spec": {"shutdown": how}})
    tenant.kubectl("patch", f"agentrun/{run}", "--type=merge", f"--patch={patch}")


def scale(tenant: Tenant, replicas: int) -> None:
    patch = json.dumps({"spec": {"replicas": replicas}})
    tenant.kubectl("patch", "workerpool/default", "--type=merge", f"--patch={patch}")
    pids = eventually(
        lambda: tenant.platform.worker_pids(tenant.namespace), lambda found: len(found) == replicas
    )
    assert len(pids) == replicas


def ended(tenant: Tenant, name: str, *, within: float = 30) -> tuple[str, int | None, str]:
    """Wait for the end of a run; return its reason, turns and text."""
    run = eventually(
        lambda: tenant.get(AgentRun, name), lambda found: found.status.finished is True, timeout=within
    )
    text = run.status.output.text if run.status.output else ""
    return condition(run, "Succeeded").reason, run.status.turns, text


def states(tenant: Tenant, name: str) -> dict[str, str]:
    return {each.id: each.state for each in tenant.get(AgentRun, name).status.user_inputs}


def until_paying(tenant: Tenant) -> None:
    """Wait until the tool is in flight that ends when its gate goes."""
    eventually(tenant.tool_calls, lambda calls: any(call.tool == "transfer_money" for call in calls))


def test_question_is_answered_while_no_worker_is_there(tenant: Tenant, direct: Direct) -> None:
    direct(ScriptedTurn(steps=(ASK,)), ANSWER, limits={"waitForInput": "10m"})
    tenant.apply_run("asking", "clerk")
    tenant.wait("agentrun/asking", "InputRequired")
    asking = tenant.get(AgentRun, "asking")
    assert condition(asking, "InputRequired").message == "Which meter do you mean?"
    assert re.search(r"asking +clerk +Unknown +InputRequired +1 +\d+ ", tenant.kubectl("get", "agentruns"))
    scale(tenant, 0)
    say(tenant, "asking", "which", "The one called south-3.")
    tenant.wait_for_reason("asking", "Running")
    assert states(tenant, "asking") == {"which": "Sent"}
    assert condition(tenant.get(AgentRun, "asking"), "InputRequired").reason == "InputReceived"
    scale(tenant, 1)
    reason, turns, text = ended(tenant, "asking")
    assert (reason, turns) == ("Succeeded", 2)
    assert "south-3" in text
    assert states(tenant, "asking") == {"which": "Told"}
    assert tenant.get(AgentRun, "asking").status.progress is None
    refused = json.dumps(
        {
            "spec": {
                "userInputs": [{"id": "which", "text": "The one called south-3."}, {"id": "2", "text": "?"}]
            }
        }
    )
    refusal = tenant.refusal("patch", "agentrun/asking", "--type=merge", f"--patch={refused}")
    assert "the run is finished and hears nothing more: continue it by spec.continueFrom" in refusal


def test_what_is_wanted_while_the_operator_is_away_is_sent_when_it_is_back(
    operator: Operator, tenant: Tenant, direct: Direct
) -> None:
    tenant.tool_gate.touch()
    direct(ScriptedTurn(steps=(PAY,)), ANSWER)
    tenant.apply_run("spoken", "clerk")
    tenant.apply_run("unwanted", "clerk")
    eventually(tenant.tool_calls, lambda calls: len(calls) == 2)
    operator.kill()
    say(tenant, "spoken", "note", "Be brief, please.")
    shut_down(tenant, "unwanted", "Stop")
    operator.start()
    eventually(lambda: states(tenant, "spoken"), lambda found: found == {"note": "Sent"})
    tenant.tool_gate.unlink()
    reason, _, text = ended(tenant, "spoken")
    assert (reason, states(tenant, "spoken")) == ("Succeeded", {"note": "Told"})
    assert "Be brief, please." in text
    assert ended(tenant, "unwanted")[0] == "Stopped"


def test_stop_ends_a_run_after_the_step_in_flight(tenant: Tenant, direct: Direct) -> None:
    tenant.tool_gate.touch()
    direct(ScriptedTurn(steps=(LOOK, PAY)), ANSWER)
    tenant.apply_run("paying", "clerk")
    until_paying(tenant)
    say(tenant, "paying", "late", "And tell me the balance.")
    eventually(lambda: states(tenant, "paying"), lambda found: found == {"late": "Sent"})
    shut_down(tenant, "paying", "Stop")
    for seen in stays(lambda: tenant.get(AgentRun, "paying"), seconds=4):
        assert not seen.status.finished
    tenant.tool_gate.unlink()
    assert ended(tenant, "paying") == ("Stopped", 1, "I look.")
    assert states(tenant, "paying") == {"late": "Refused"}


def test_throttled_runs_end_at_once_when_no_worker_is_there(
    platform: Platform, tenant: Tenant, direct: Direct
) -> None:
    direct(ScriptedTurn(steps=(LOOK, READ)), ANSWER)
    platform.standin.fail("POST", APPEND, rate_limited(3600), times=None)
    tenant.apply_run("unwanted", "clerk")
    tenant.apply_run("urgent", "clerk")
    for name in ("unwanted", "urgent"):
        waiting = tenant.wait_for_reason(name, "Waiting")
        assert re.search(r"429.*goes on by itself at \d{4}-.*Z$", waiting.message)
        progress = tenant.get(AgentRun, name).status.progress
        assert progress is not None
        assert (progress.step, progress.agent, progress.until is not None) == ("Waiting", "clerk", True)
    scale(tenant, 0)
    shut_down(tenant, "unwanted", "Stop")
    shut_down(tenant, "urgent", "Cancel")
    assert ended(tenant, "unwanted", within=6) == ("Stopped", 1, "I look.")
    assert ended(tenant, "urgent", within=6) == ("Cancelled", 1, "I look.")
    run = tenant.get(AgentRun, "unwanted")
    assert run.status.usage is not None
    assert run.status.usage.total_tokens > 0
    assert run.status.conversation_id in {each.id for each in tenant.conversations()}
    assert platform.workflow_status(tenant.workflow_of("unwanted")) == "TERMINATED"


def test_terminate_ends_a_run_whatever_is_in_flight(tenant: Tenant, direct: Direct) -> None:
    tenant.tool_gate.touch()
    direct(ScriptedTurn(steps=(LOOK, PAY)), ANSWER)
    tenant.apply_run("paying", "clerk")
    until_paying(tenant)
    shut_down(tenant, "paying", "Stop")
    shut_down(tenant, "paying", "Terminate")
    assert ended(tenant, "paying", within=6) == ("Terminated", 1, "I look.")
    refusal = tenant.refusal(
        "patch", "agentrun/paying", "--type=merge", '--patch={"spec":{"shutdown":"Cancel"}}'
    )
    assert "spec.shutdown goes from Stop to Cancel to Terminate, and never back" in refusal


def test_run_that_waits_for_its_agent_ends_without_a_workflow(tenant: Tenant) -> None:
    tenant.apply_run("early", "nobody")
    tenant.wait_for_reason("early", "AgentNotFound")
    shut_down(tenant, "early", "Cancel")
    assert ended(tenant, "early")[0] == "Cancelled"
    assert tenant.get(AgentRun, "early").status.workflow_id is None


def test_start_that_arrives_when_its_run_was_ended_is_undone(platform: Platform, tenant: Tenant) -> None:
    tenant.apply_run("early", "nobody")
    tenant.wait_for_reason("early", "AgentNotFound")
    shut_down(tenant, "early", "Stop")
    assert ended(tenant, "early")[0] == "Stopped"
    run = tenant.get(AgentRun, "early")
    workflow = f"{platform.installation}/{tenant.namespace}/{run.metadata.uid}"
    memo = {"namespace": tenant.namespace, "name": "early", "uid": run.metadata.uid}
    platform.start_late(workflow, memo | {"agent_id": "ag_1", "agent_version": 0})
    eventually(lambda: platform.workflow_status(workflow), lambda status: status == "TERMINATED")
    assert tenant.get(AgentRun, "early").status == run.status


def test_long_run_shows_how_far_it_is(platform: Platform, tenant: Tenant, direct: Direct) -> None:
    tenant.tool_gate.touch()
    direct(ScriptedTurn(steps=(LOOK, PAY)), ScriptedTurn(steps=(READ,)), ANSWER)
    hold = platform.standin.hold("POST", APPEND, nth=2)
    tenant.apply_run("long", "clerk")
    until_paying(tenant)
    # It began before the loop was old enough to tell of it.
    early = eventually(lambda: tenant.get(AgentRun, "long"), lambda found: found.status.progress is not None)
    assert early.status.progress is not None
    assert (early.status.progress.step, early.status.turns) == ("CallingTools", 1)
    tenant.tool_gate.unlink()
    platform.standin.wait_until_held(hold)
    run = eventually(lambda: tenant.get(AgentRun, "long"), lambda found: found.status.turns == 2)
    assert run.status.progress is not None
    assert run.status.progress.step == "CallingModel"
    assert re.search(r"long +clerk +Unknown +Running +2 +[1-9]\d* ", tenant.kubectl("get", "agentruns"))
    platform.standin.release(hold)
    assert ended(tenant, "long")[0] == "Succeeded"
