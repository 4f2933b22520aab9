"""A result of 5 MB: the object stays small, and a command has the whole of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from mistralai.client import Mistral

from agents_crds.v1alpha1 import AgentRun
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.standin.control import APPEND
from tests.standin.files_api import content_of
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.user import condition, eventually
from tests.workflows.sample_tools import noise
from tools.local.processes import Processes
from tools.local.services import STANDIN_KEY

# Compressed, still half of it: too large for Temporal.
ANSWER = noise(5_000_000)
# What Temporal's development server keeps by default.
RETENTION = timedelta(days=1)


@pytest.fixture
def storyteller(platform: Platform, tenant: Tenant) -> Iterator[Tenant]:
    turns = (ScriptedTurn(steps=(ScriptedText(text=ANSWER),)),)
    script = Script(agent=f"{tenant.namespace}.storyteller", turns=turns)
    platform.standin.set_scenario(Scenario(scripts=(script,)))
    yield tenant
    platform.standin.set_scenario(Scenario())


@contextmanager
def without_store(operator: Operator, tenant: Tenant, processes: Processes) -> Iterator[Operator]:
    """Have the namespace served by an operator without a payload store for the length of the block."""
    operator.stop()
    variables = {
        "DURABLE_AGENTS_PAYLOAD_STORE": "",
        "DURABLE_AGENTS_WATCH_NAMESPACES": tenant.namespace,
    }
    storeless = tenant.platform.operator(processes, name="storeless", extra=variables)
    storeless.start()
    try:
        yield storeless
    finally:
        storeless.stop()


def command(operator: Operator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `kubectl exec` does, beside the operator."""
    printed = bytes_of(operator, *arguments)
    return subprocess.CompletedProcess(
        printed.args, printed.returncode, printed.stdout.decode(), printed.stderr.decode()
    )


def bytes_of(operator: Operator, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        (sys.executable, "-m", "agents_operator.result", *arguments),
        env=os.environ | dict(operator.service.command.env),
        capture_output=True,
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
    assert run.status.completion_time is not None
    assert run.status.output.available_until == run.status.completion_time + RETENTION
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


def test_without_a_store_the_whole_answer_is_fetched_again_from_the_conversation(
    operator: Operator, storyteller: Tenant, processes: Processes
) -> None:
    with without_store(operator, storyteller, processes) as storeless:
        storyteller.ready_agent("storyteller", tools=[])
        run = storyteller.finished_run("story", "storyteller", "Tell me a story.")
        assert run.status.output is not None
        assert 1_400_000 < run.status.output.bytes < 1_500_000
        assert paid(storyteller) == (1, 0)
        printed = command(storeless, storyteller.namespace, "story")
        assert (printed.returncode, printed.stdout, printed.stderr) == (0, f"{ANSWER}\n", "")
        whole = json.loads(command(storeless, storyteller.namespace, "story", "--json").stdout)
        assert whole["result"]["text"] == ANSWER
        assert paid(storyteller) == (1, 0)
        with Mistral(api_key=STANDIN_KEY, server_url=storyteller.platform.standin_url) as mistral:
            mistral.beta.conversations.delete(conversation_id=run.status.conversation_id or "")
        cut = command(storeless, storyteller.namespace, "story")
        assert cut.returncode == 3
        assert cut.stdout.startswith(ANSWER[:1_000_000])
        assert cut.stdout.endswith("bytes is more than can be kept]\n")
        assert "could not be fetched again from the provider: the provider answered 404" in cut.stderr


def test_a_file_that_a_tool_of_the_provider_made_is_written_as_it_is(
    operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("painter", tools=[{"builtin": {"type": "image_generation"}}])
    tenant.finished_run("picture", "painter", "Draw a picture of a cat")
    outcome = json.loads(command(operator, tenant.namespace, "picture", "--json").stdout)
    parts = [part for entry in outcome["result"]["entries"] for part in entry.get("content", ())]
    [file_id] = [part["id"] for part in parts if part["type"] == "file"]
    written = bytes_of(operator, tenant.namespace, "picture", "--file", file_id)
    assert (written.returncode, written.stdout) == (0, content_of(file_id))
    absent = command(operator, tenant.namespace, "picture", "--file", "none")
    assert (absent.returncode, absent.stdout) == (1, "")
    assert "the provider answered 404: File none not found" in absent.stderr


def test_a_run_that_was_ended_from_outside_is_printed_as_far_as_it_came(
    operator: Operator, tenant: Tenant
) -> None:
    platform = tenant.platform
    look = ScriptedTurn(
        steps=(ScriptedText(text="I look."), ScriptedCall(call="read_meter", arguments={"meter": "north-7"}))
    )
    platform.standin.set_scenario(
        Scenario(scripts=(Script(agent=f"{tenant.namespace}.reader", turns=(look, look)),))
    )
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", APPEND, times=1)
    tenant.apply_run("victim", "reader")
    platform.standin.wait_until_held(hold)
    platform.terminate_workflow(tenant.workflow_of("victim"))
    tenant.wait("agentrun/victim", "Succeeded=False")
    platform.standin.release(hold)
    platform.standin.set_scenario(Scenario())
    output = tenant.get(AgentRun, "victim").status.output
    assert output is not None
    assert output.available_until is not None
    printed = command(operator, tenant.namespace, "victim")
    assert (printed.returncode, printed.stdout) == (0, "I look.\n")
    assert "was ended from outside: this is what was written until then" in printed.stderr
    whole = json.loads(command(operator, tenant.namespace, "victim", "--json").stdout)
    assert (whole["result"]["reason"], whole["result"]["turns"]) == ("Terminated", 1)


def test_a_run_whose_report_was_lost_and_its_result_too_is_not_left_unfinished(
    operator: Operator, storyteller: Tenant
) -> None:
    assert operator.runs
    storyteller.ready_agent("storyteller", tools=[])
    run = storyteller.finished_run("story", "storyteller", "Tell me a story.")
    # The workflow ends a moment after its report, and only then keeps its result.
    workflow = run.status.workflow_id or ""
    eventually(lambda: storyteller.platform.workflow_status(workflow), lambda status: status == "COMPLETED")
    kept = [path for path in payloads_of(storyteller.platform, run) if path.is_file()]
    assert kept
    for path in kept:
        path.unlink()
    unfinished = '{"status": {"finished": null, "output": null}}'
    storyteller.kubectl("patch", "agentrun/story", "--subresource=status", "--type=merge", f"-p={unfinished}")
    ended = eventually(lambda: storyteller.get(AgentRun, "story"), lambda run: bool(run.status.finished))
    found = condition(ended, "Succeeded")
    assert (found.status, found.reason) == ("False", "ResultLost")
    assert "the run ended, and its result is gone: the payload store" in found.message
    refused = command(operator, storyteller.namespace, "story")
    assert refused.returncode == 1
    assert "no longer has" in refused.stderr


def paid(tenant: Tenant) -> tuple[int, int]:
    """Count the calls that the provider charges for, in the one conversation."""
    (conversation,) = tenant.conversations()
    counts = tenant.platform.standin.counters().conversations[conversation.id]
    return counts.created, counts.appends


def payloads_of(platform: Platform, run: AgentRun) -> Iterator[Path]:
    """Find what the store keeps of a run."""
    return (platform.directory / "payloads").rglob(f"{run.metadata.uid}/*")
