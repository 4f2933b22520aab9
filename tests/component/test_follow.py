"""The command that tells what happens in a run."""

import json
import os
import subprocess
import sys

from pydantic import JsonValue

from tests.component.platform import Operator
from tests.component.tenant import Tenant
from tests.component.tool_servers import NewServer
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedHandoff, ScriptedText, ScriptedTurn

TRANSFER = "Please transfer 50 euros."


def arguments(*given: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "agents_operator.follow", *given)


def command(operator: Operator, *given: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `kubectl exec` does, beside the operator."""
    return subprocess.run(
        arguments(*given),
        env=os.environ | dict(operator.service.command.env),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def without_times(printed: str) -> list[str]:
    """Leave out the day, and the time at the start of each line."""
    day, *lines = printed.splitlines()
    assert day.endswith(" UTC")
    return [line[10:] for line in lines]


def test_a_finished_run_is_told_from_the_start(operator: Operator, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.finished_run("reading", "reader")
    [call] = tenant.tool_calls()
    printed = command(operator, tenant.namespace, "reading")
    assert (printed.returncode, printed.stderr) == (0, "")
    lines = without_times(printed.stdout)
    assert lines[:3] == [
        "start    reader is asked: Please read the meter 'north-7'.",
        'turn 1   reader calls read_meter {"meter": "north-7"}',
        f"         read_meter -> {call.value}",
    ]
    assert lines[3].startswith("turn 2   reader: ")
    assert call.value in lines[3]
    assert lines[4].startswith("end      Succeeded: The agent gave a final answer (2 turns, ")
    assert len(lines) == 5


def test_each_line_of_json_has_all_of_it(operator: Operator, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    run = tenant.finished_run("reading", "reader")
    printed = command(operator, tenant.namespace, "reading", "--json")
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["began", "called", "result", "said", "ended"]
    assert run.status.usage is not None
    assert (lines[-1]["reason"], lines[-1]["tokens"]) == ("Succeeded", run.status.usage.total_tokens)


def test_a_run_is_followed_from_before_it_starts_to_its_end(operator: Operator, tenant: Tenant) -> None:
    tenant.tool_gate.touch()
    tenant.apply_agent("payer", tools=[{"function": {"name": "transfer_money"}}], suspend=True)
    tenant.apply_run("paying", "payer", TRANSFER)
    tenant.wait_for_reason("paying", "AgentSuspended")
    with subprocess.Popen(
        arguments(tenant.namespace, "paying"),
        env=os.environ | dict(operator.service.command.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert following.stderr is not None
        assert following.stderr.readline() == (
            "not started yet: AgentSuspended: Agent payer is suspended; set spec.suspend to false\n"
        )
        tenant.apply_agent("payer", tools=[{"function": {"name": "transfer_money"}}], suspend=False)
        first = [following.stdout.readline() for _ in range(3)]
        assert first[-1][10:] == 'turn 1   payer calls transfer_money {"amount": 50}\n'
        assert following.poll() is None
        tenant.tool_gate.unlink()
        rest = following.stdout.read().splitlines()
    assert following.returncode == 0
    assert rest[0][10:].startswith("         transfer_money -> 50-")
    assert rest[-1][10:].startswith("end      Succeeded: ")


def test_servers_handoffs_and_hostile_texts_are_told(
    operator: Operator, tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("tools")
    server.start()
    tenant.apply(server.manifest())
    tenant.wait(f"mcpserver/{server.name}", "Ready")
    tenant.ready_agent("clerk", tools=[{"mcp": {"serverRef": {"name": server.name}}}])
    echo = f"{server.name}_echo"
    tenant.ready_agent("desk", tools=[], handoffs=[{"agentRef": {"name": "clerk"}}])
    [clerk] = [each.id for each in tenant.remote_agents() if each.current.name.endswith("clerk")]
    over = ScriptedTurn(steps=(ScriptedText(text="Red:\x1b[31m\nand more"), ScriptedHandoff(handoff=clerk)))
    add = ScriptedTurn(steps=(ScriptedCall(call=echo, arguments={"text": "\u009b2J two\nlines"}),))
    done = ScriptedTurn(steps=(ScriptedText(text="Done."),))
    scripts = (
        Script(agent=f"{tenant.namespace}.desk", turns=(over,)),
        Script(agent=f"{tenant.namespace}.clerk", turns=(add, done)),
    )
    tenant.platform.standin.set_scenario(Scenario(scripts=scripts))
    tenant.apply_run("echo", "desk", "Go on.")
    tenant.wait("agentrun/echo", "Succeeded")
    tenant.platform.standin.set_scenario(Scenario())
    lines = without_times(command(operator, tenant.namespace, "echo").stdout)
    assert lines[:5] == [
        "start    desk is asked: Go on.",
        "turn 1   desk: Red:[31m",
        "         and more",
        "turn 1   desk hands off to clerk",
        f'turn 1   clerk calls {echo} {{"text": "2J two\\nlines"}}',
    ]
    assert lines[5] == f"         {echo} -> 2J two lines"
    assert lines[6] == "turn 2   clerk: Done."
    assert lines[7].startswith("end      Succeeded: ")


def test_a_local_session_is_told_alike(operator: Operator, tenant: Tenant) -> None:
    to: JsonValue = [{"agentRef": {"name": "reader"}}]
    tenant.apply_agent("desk", session="Local", tools=[], handoffs=to)
    tenant.apply_agent("reader", session="Local", description="Reads meters.")
    for name in ("desk", "reader"):
        tenant.wait(f"agent/{name}", "Ready")
    tenant.finished_run("over", "desk", "Please hand off to 'reader'.")
    told = without_times(command(operator, tenant.namespace, "over").stdout)
    assert told[:2] == [
        "start    desk is asked: Please hand off to 'reader'.",
        "turn 1   desk hands off to reader",
    ]
    assert told[2].startswith("turn 2   reader: ")
    assert told[3].startswith("end      Succeeded: ")
    tenant.finished_run("reading", "reader")
    [call] = tenant.tool_calls()
    told = without_times(command(operator, tenant.namespace, "reading").stdout)
    assert told[1:3] == [
        'turn 1   reader calls read_meter {"meter": "north-7"}',
        f"         read_meter -> {call.value}",
    ]
    assert told[3].startswith("turn 2   reader: ")


def test_a_run_that_is_not_there_is_told_in_one_line(operator: Operator, tenant: Tenant) -> None:
    refused = command(operator, tenant.namespace, "nobody")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"agents_operator.follow: there is no AgentRun nobody in namespace {tenant.namespace}\n"
    )
