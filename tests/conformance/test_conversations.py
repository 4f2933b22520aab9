"""A conversation with calls of our functions, and what its history tells when an answer was lost."""

import json
import secrets
from dataclasses import dataclass

import pytest
import pytest_asyncio

from agents_crds.contract.answers import answer_fault
from agents_crds.contract.run import Usage
from agents_operator.mistral import MistralAgent
from agents_worker.messages import Message, ModelAnswer
from agents_worker.sessions.entries import entries_of
from agents_worker.sessions.failures import Answered, ProviderFailed
from agents_worker.sessions.settlement import NotSent, Settled, settle_append, settle_messages, settle_start
from tests.conformance.account import Account, Step
from tests.conformance.samples import CODE, GET_CODE, QUESTION, only_call, teller

pytestmark = pytest.mark.asyncio(loop_scope="session")

CORRECTION = (
    "Your answer does not fit the JSON schema of the response format: it comes too late. Give it again, as "
    "JSON that fits the schema and nothing else (correction 1 of 2)."
)


@dataclass(frozen=True)
class Told:
    """A step, and the number that the function's result was."""

    step: Step
    code: int


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asked(account: Account, teller_agent: MistralAgent) -> Step:
    return await account.noted(await account.start(teller_agent, "asked", QUESTION))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def told(account: Account, asked: Step) -> Told:
    code = 10_000 + secrets.randbelow(90_000)
    answer = await account.append(asked.answer, {only_call(asked.answer).tool_call_id: str(code)})
    return Told(await account.noted(answer), code)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def went_on(account: Account, told: Told) -> ModelAnswer:
    return await account.say(told.step.answer, CORRECTION)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def branch(account: Account, teller_agent: MistralAgent, told: Told, went_on: ModelAnswer) -> Step:
    """Branch off after the results, the conversation having gone on since."""
    assert went_on.conversation_id == told.step.answer.conversation_id
    answer = await account.branch(told.step, CORRECTION, "branch", version=teller_agent.version)
    return await account.noted(answer)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def corrected(account: Account, went_on: ModelAnswer, branch: Step) -> Step:
    """Look at the conversation that was branched off from."""
    assert branch.answer.conversation_id != went_on.conversation_id
    return await account.noted(went_on)


async def test_a_response_format_is_kept_as_it_was_sent(account: Account, teller_agent: MistralAgent) -> None:
    assert teller_agent.shows(teller(account))


async def test_a_function_call_names_its_agent_its_function_and_its_arguments(
    asked: Step, teller_agent: MistralAgent
) -> None:
    call = only_call(asked.answer)
    assert (call.name, call.agent_id, call.confirmation) == (GET_CODE.name, teller_agent.id, "")
    assert set(json.loads(call.arguments)) == {"door"}


async def test_an_answer_counts_its_tokens(asked: Step) -> None:
    assert asked.answer.usage.total_tokens > 0
    assert asked.answer.usage != Usage()


async def test_the_history_tells_the_answer_to_a_start(asked: Step) -> None:
    settled = settle_start(asked.history)
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == asked.answer.entries


async def test_a_conversation_is_found_by_its_metadata(account: Account, asked: Step) -> None:
    found = await account.conversations.find(account.metadata("asked"))
    assert [conversation.id for conversation in found] == [asked.answer.conversation_id]


async def test_a_result_of_a_call_that_nobody_made_is_refused(account: Account, asked: Step) -> None:
    with pytest.raises(ProviderFailed) as refused:
        await account.append(asked.answer, {"abcdefghi": "1"})
    assert isinstance(refused.value.failure, Answered)
    assert refused.value.failure.status == 400
    assert "abcdefghi" in refused.value.failure.message


async def test_the_answer_fits_the_schema_and_holds_the_result(told: Told) -> None:
    last = told.step.answer.entries[-1]
    assert isinstance(last, Message)
    assert answer_fault(CODE, last.text) is None
    assert json.loads(last.text) == {"code": told.code}


async def test_the_history_tells_the_answer_to_results(asked: Step, told: Told) -> None:
    settled = settle_append(told.step.history, frozenset({only_call(asked.answer).tool_call_id}))
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == told.step.answer.entries


async def test_the_history_tells_the_answer_to_a_correction(corrected: Step) -> None:
    settled = settle_messages(corrected.history, CORRECTION)
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == corrected.answer.entries


async def test_what_is_said_again_is_told_from_what_was_said_before(corrected: Step, told: Told) -> None:
    again = settle_messages(corrected.history, CORRECTION, after=corrected.answer.last_entry)
    once = settle_messages(corrected.history, CORRECTION, after=told.step.answer.last_entry)
    assert isinstance(again, NotSent)
    assert isinstance(once, Settled)


async def test_a_branch_has_what_came_before_it_and_leaves_the_rest_as_it_is(
    branch: Step, told: Told, corrected: Step
) -> None:
    before = [type(entry) for entry in told.step.history]
    assert [type(entry) for entry in branch.history][: len(before)] == before
    assert len(branch.history) == len(before) + 1 + len(branch.answer.entries)
    assert corrected.history[: len(before)] == told.step.history
    assert len(corrected.history) == len(before) + 1 + len(corrected.answer.entries)


async def test_a_branch_is_found_by_its_own_metadata_with_its_answer(account: Account, branch: Step) -> None:
    found = await account.conversations.find(account.metadata("branch"))
    assert [conversation.id for conversation in found] == [branch.answer.conversation_id]
    settled = settle_messages(branch.history, CORRECTION)
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == branch.answer.entries
