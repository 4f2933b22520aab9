"""What a run's status tells about how it came to its answer."""

import json
from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRun
from agents_crds.v1alpha1.agentrun import Usage
from tests.component.platform import Platform
from tests.component.tenant import METER, Tenant
from tests.standin.scenario import (
    Scenario,
    Script,
    ScriptedCall,
    ScriptedExecution,
    ScriptedHandoff,
    ScriptedText,
    ScriptedTurn,
)
from tests.user import Manifest, condition, eventually, manifest

LOOK = ScriptedTurn(steps=(ScriptedCall(call="read_meter", arguments={"meter": "north-7"}),))


@pytest.fixture
def standin(platform: Platform) -> Iterator[Platform]:
    """The platform, whose model nobody directs after the test."""
    yield platform
    platform.standin.set_scenario(Scenario())


def script(tenant: Tenant, agent: str, *turns: ScriptedTurn) -> Script:
    return Script(agent=f"{tenant.namespace}.{agent}", turns=turns)


def handoff(tenant: Tenant, agent: str) -> ScriptedTurn:
    return ScriptedTurn(steps=(ScriptedHandoff(handoff=f"{tenant.namespace}.{agent}"),))


def answer(text: str) -> ScriptedTurn:
    return ScriptedTurn(steps=(ScriptedText(text=text),))


def hands_off_to(*agents: str) -> JsonValue:
    return [{"agentRef": {"name": agent}} for agent in agents]


def happened(run: AgentRun) -> list[str]:
    """Sum up the entries of a run's output, one a line."""
    assert run.status.output is not None
    lines: list[str] = []
    for entry in run.status.output.entries:
        match entry.manifest():
            case {"handoff": {"to": to}}:
                lines.append(f"{entry.agent} hands off to {to}")
            case {"toolCall": {"name": name, "result": result}}:
                lines.append(f"{entry.agent} calls {name}: {result}")
            case {"toolExecution": {"name": name}}:
                lines.append(f"{entry.agent} has {name} run")
            case {"message": [{"text": text}]}:
                lines.append(f"{entry.agent} says {text}")
            case other:
                raise AssertionError(f"{other} did not happen")
    return lines


def total(parts: list[Usage]) -> Usage:
    return Usage(
        prompt_tokens=sum(part.prompt_tokens for part in parts),
        completion_tokens=sum(part.completion_tokens for part in parts),
        total_tokens=sum(part.total_tokens for part in parts),
        connector_tokens=sum(part.connector_tokens for part in parts),
    )


def test_agents_that_hand_back_and_forth_are_on_the_path(standin: Platform, tenant: Tenant) -> None:
    tenant.apply_agent("front", tools=[], handoffs=hands_off_to("back"))
    tenant.apply_agent("back", handoffs=hands_off_to("front"))
    tenant.ready_agent("aside")
    for name in ("front", "back"):
        tenant.wait(f"agent/{name}", "Ready")
    to_front, to_back = handoff(tenant, "front"), handoff(tenant, "back")
    scripts = (
        script(tenant, "front", to_back, to_back, to_back, answer("It is {results}.")),
        script(tenant, "back", LOOK, to_front, to_front, to_front),
    )
    standin.standin.set_scenario(Scenario(scripts=scripts))
    run = tenant.finished_run("journey", "front")
    (call,) = tenant.tool_calls()
    there, back = ["front hands off to back"], ["back hands off to front"]
    looked = [f"back calls read_meter: {call.value}"]
    assert happened(run) == [
        *there,
        *looked,
        *back,
        *there,
        *back,
        *there,
        *back,
        f"front says It is {call.value}.",
    ]
    status = run.status
    assert status.path == ("front", "back", "front", "back", "front", "back", "front")
    assert status.answered_by == "front"
    assert [agent.name for agent in status.agents] == ["front", "back"]
    ids = {agent.current.name: agent.id for agent in tenant.remote_agents()}
    assert [agent.id for agent in status.agents] == [
        ids[f"{tenant.namespace}.{name}"] for name in ("front", "back")
    ]
    assert [agent.turns for agent in status.agents] == [1, 1]
    assert status.usage is not None
    assert status.usage.total_tokens > 0
    assert total([agent.usage for agent in status.agents if agent.usage]) == status.usage
    wide = tenant.kubectl("get", "agentruns", "--output=wide").splitlines()
    assert "ANSWERED-BY" in wide[0]


def test_agents_of_a_run_are_known_while_it_goes(standin: Platform, tenant: Tenant) -> None:
    tenant.apply_agent("front", tools=[], handoffs=hands_off_to("back"))
    tenant.ready_agent("back")
    tenant.wait("agent/front", "Ready")
    hold = standin.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("going", "front")
    standin.standin.wait_until_held(hold)
    going = eventually(lambda: tenant.get(AgentRun, "going"), lambda run: bool(run.status.workflow_id))
    assert [(agent.name, agent.turns) for agent in going.status.agents] == [("front", None), ("back", None)]
    standin.standin.release(hold)
    tenant.wait("agentrun/going", "Succeeded")


def test_calls_are_told_with_their_results_and_one_answer_is_not(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.ready_agent("talker", tools=[])
    called = tenant.finished_run("reading", "reader")
    (call,) = tenant.tool_calls()
    assert called.status.output is not None
    assert happened(called) == [
        f"reader calls read_meter: {call.value}",
        f"reader says {called.status.output.text}",
    ]
    assert (called.status.path, called.status.answered_by) == (("reader",), "reader")
    talk = tenant.finished_run("talk", "talker", "Hello")
    assert talk.status.output is not None
    assert (talk.status.output.entries, talk.status.output.entries_omitted) == ((), 0)


def test_latest_of_what_happened_is_told_and_the_rest_counted(standin: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("searcher", tools=[{"builtin": {"type": "code_interpreter"}}])
    code: dict[str, JsonValue] = {"code": "x" * 3000}
    execution = ScriptedExecution(execute="code_interpreter", arguments=code, info=code)
    turns = (ScriptedTurn(steps=(execution,) * 60), answer("Done."))
    standin.standin.set_scenario(Scenario(scripts=(script(tenant, "searcher", *turns),)))
    run = tenant.finished_run("searching", "searcher")
    assert run.status.output is not None
    entries, omitted = run.status.output.entries, run.status.output.entries_omitted
    assert len(entries) + omitted == 61
    assert 2 <= len(entries) < 10
    assert happened(run)[-2:] == ["searcher has code_interpreter run", "searcher says Done."]
    last = entries[-2].tool_execution
    assert last is not None
    assert 1000 < len(last.info) <= 1024
    assert last.info.endswith("…")


def test_run_waits_for_an_agent_that_it_can_come_to(tenant: Tenant) -> None:
    tenant.apply_agent("front", handoffs=hands_off_to("middle"))
    tenant.apply_agent("middle", handoffs=hands_off_to("back"))
    tenant.ready_agent("back")
    for name in ("front", "middle"):
        tenant.wait(f"agent/{name}", "Ready")
    tenant.kubectl("patch", "agent/back", "--type=merge", '--patch={"spec":{"suspend":true}}')
    tenant.apply_run("early", "front")
    waiting = tenant.wait_for_reason("early", "AgentSuspended")
    assert "Agent back, reached by handoffs from front to middle to back, is suspended" in waiting.message
    tenant.kubectl("patch", "agent/back", "--type=merge", '--patch={"spec":{"suspend":false}}')
    tenant.wait("agentrun/early", "Succeeded", timeout=30)


def test_run_that_is_too_large_says_so(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    parts: JsonValue = [{"text": "€" * 30_000} for _ in range(12)]
    messages: JsonValue = [{"content": parts}, {"content": [{"text": METER}]}]
    large: Manifest = manifest("AgentRun", "large", {"agentRef": {"name": "reader"}, "messages": messages})
    # `kubectl apply` would keep a copy of it in an annotation.
    tenant.kubectl("create", "--filename=-", stdin=json.dumps(large))
    waiting = tenant.wait_for_reason("large", "SnapshotTooLarge")
    assert "1000000 fit: 1080" in waiting.message
    (event,) = eventually(lambda: tenant.events("AgentRun/large"), bool)
    assert (event.type, event.reason) == ("Warning", "SnapshotTooLarge")
    assert condition(tenant.get(AgentRun, "large"), "Succeeded").status == "Unknown"
