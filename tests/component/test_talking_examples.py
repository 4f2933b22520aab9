"""The examples of runs that are talked to, that go on, or that bring much, as a user applies them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from os import environ

import pytest

from tests.component.evidence import Evidence
from tests.component.examples import (
    EXAMPLES,
    answer,
    apply_example,
    figure,
    finished,
    shared_tenant,
    tool_results,
)
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.component.test_results import command

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(scope="module")
def place(
    platform: Platform, session_operator: Operator, numbers: Iterator[int], evidence: Evidence
) -> Iterator[Tenant]:
    """One namespace for all of them, with the tools of two examples in its pool."""
    name, modules = f"tenant-{next(numbers)}", "examples.python-tool.rates,examples.big-result.payments"
    with shared_tenant(platform, session_operator, evidence, name, modules=modules) as tenant:
        yield tenant


def test_local_agents_speak_to_any_server_and_hand_over_to_each_other(place: Tenant) -> None:
    changes = {
        "http://vllm.models:8000/v1": f"{place.platform.standin_url}/openai/v1",
        "name: own-server\n    key: api-key": "name: mistral\n    key: api-key",
    }
    apply_example(place, "local", changes)
    run = finished(place, "local-1")
    assert (run.status.path, run.status.conversation_id) == (("local-desk", "local-rates"), None)
    assert figure(run) in answer(run)


def test_a_conversation_goes_on_and_branches(place: Tenant) -> None:
    apply_example(place, "conversation")
    first, second, third = (finished(place, f"conversation-{number}") for number in (1, 2, 3))
    conversations = {each.id: str(each.entries) for each in place.conversations()}
    assert first.status.conversation_id == second.status.conversation_id != third.status.conversation_id
    together, branch = (conversations[str(run.status.conversation_id)] for run in (second, third))
    assert [words in together for words in ("three days", "the mountains", "the sea")] == [True, True, False]
    assert [words in branch for words in ("three days", "the mountains", "the sea")] == [True, False, True]


def test_a_run_that_asks_goes_on_with_the_answer(place: Tenant) -> None:
    apply_example(place, "ask-user")
    place.wait("agentrun/ask-user-1", "InputRequired")
    answering = str(EXAMPLES / "ask-user" / "answer" / "patch.yaml")
    place.kubectl("patch", "agentrun/ask-user-1", "--type=merge", f"--patch-file={answering}")
    run = finished(place, "ask-user-1")
    assert tool_results(run) == ["In Bern, on Sunday morning."]
    assert "In Bern, on Sunday morning." in answer(run)
    assert [(each.id, each.state) for each in run.status.user_inputs] == [("answer-1", "Told")]


def test_own_workflow_compares_the_figures_that_agents_found(place: Tenant, operator: Operator) -> None:
    apply_example(place, "own-workflow")
    place.wait("agent/rate-finder", "Ready")
    report = subprocess.run(
        (
            sys.executable,
            EXAMPLES / "own-workflow" / "worker.py",
            place.platform.installation,
            place.namespace,
        ),
        env=environ | dict(operator.service.command.env),
        # What it complains of is shown with the test.
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=90,
    )
    assert re.fullmatch(r"(ECB|Fed|BoE) had the lowest rate of 3: \d\.\d+ % in 2023\n", report.stdout)
    assert len(place.conversations()) >= 3


def test_big_result_is_had_whole_though_its_object_is_small(place: Tenant, operator: Operator) -> None:
    apply_example(place, "big-result")
    output = finished(place, "big-result-1").status.output
    assert output is not None
    assert output.truncated
    assert output.available_until is not None
    assert len(place.kubectl("get", "agentrun", "big-result-1", "--output=json")) < 20_000
    printed = command(operator, place.namespace, "big-result-1").stdout
    assert len(printed) == output.bytes + 1 > 5_000_000
    assert len(re.findall(r"2023-\d\d payment \d+ of \d+\.\d\d EUR", printed)) == 140_000
