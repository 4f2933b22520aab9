"""A result of 5 MB: the object stays small, and a command has the whole of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.standin.scenario import Scenario, Script, ScriptedText, ScriptedTurn
from tests.user import eventually

ANSWER = "A long story. " * 360_000


@pytest.fixture
def storyteller(platform: Platform, tenant: Tenant) -> Iterator[Tenant]:
    turns = (ScriptedTurn(steps=(ScriptedText(text=ANSWER),)),)
    script = Script(agent=f"{tenant.namespace}.storyteller", turns=turns)
    platform.standin.set_scenario(Scenario(scripts=(script,)))
    yield tenant
    platform.standin.set_scenario(Scenario())


def command(operator: Operator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `kubectl exec` does, beside the operator."""
    return subprocess.run(
        (sys.executable, "-m", "agents_operator.result", *arguments),
        env=os.environ | dict(operator.service.command.env),
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_answer_of_5_mb_is_had_whole_when_the_workers_are_gone(
    operator: Operator, storyteller: Tenant
) -> None:
    storyteller.ready_agent("storyteller", tools=[])
    run = storyteller.finished_run("story", "storyteller", "Tell me a story.")
    assert run.status.output is not None
    assert (run.status.output.truncated, run.status.output.bytes) == (True, len(ANSWER))
    stored = storyteller.kubectl("get", "agentrun", "story", "-o", "json")
    assert len(stored) < 20_000
    storyteller.kubectl("patch", "workerpool/default", "--type=merge", '-p={"spec":{"replicas":0}}')
    eventually(lambda: storyteller.platform.worker_pids(storyteller.namespace), lambda pids: not pids)
    printed = command(operator, storyteller.namespace, "story")
    assert (printed.returncode, printed.stdout) == (0, f"{ANSWER}\n")
    whole = json.loads(command(operator, storyteller.namespace, "story", "--json").stdout)
    assert whole["result"]["text"] == ANSWER
    calls = command(operator, storyteller.namespace, "story", "--calls").stdout.splitlines()
    assert [json.loads(line)["activity"] for line in calls] == ["start_conversation", "report"]


def test_a_run_that_is_not_there_is_told_in_one_line(operator: Operator, tenant: Tenant) -> None:
    refused = command(operator, tenant.namespace, "nobody")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"agents_operator.result: there is no AgentRun nobody in namespace {tenant.namespace}\n"
    )
