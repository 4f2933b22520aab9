"""Tools that the server runs, and a conversation that is at work while more comes in."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from agents_crds.contract.entries import ReferenceContent
from agents_operator.mistral import MistralAgent, ProviderTool
from agents_worker.messages import Entry, Execution, Message, ModelAnswer
from agents_worker.sessions.entries import entries_of
from agents_worker.sessions.failures import Answered, ProviderFailed
from agents_worker.sessions.settlement import NotSent, Settled, settle_messages, settle_start
from tests.conformance.account import Account, Step
from tests.conformance.samples import red_square
from tests.standin.control import APPEND

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "Write the numbers from 1 to 300 in words, one a line, without any tool."
LOOKS = (10, 80)
"""Seconds before each look at the history: together less than the patience of a worker."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def researcher(account: Account) -> MistralAgent:
    tools = (ProviderTool(type="web_search"), ProviderTool(type="code_interpreter"))
    definition = account.definition(
        "researcher",
        "Use web_search for what is on the web. Use code_interpreter for each calculation.",
        *tools,
    )
    created = await account.create("researcher", definition)
    assert created.shows(definition)
    return created


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def searched(account: Account, researcher: MistralAgent) -> Step:
    asked = "Search the web for the home page of the Python language."
    return await account.noted(await account.start(researcher, "searched", asked))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def computed(account: Account, searched: Step) -> ModelAnswer:
    return await account.say(searched.answer, "Calculate 123456789 * 987654321 with code_interpreter.")


@asynccontextmanager
async def at_work(account: Account, to: ModelAnswer, text: str) -> AsyncIterator[None]:
    """Keep the server at an append for the length of the block, and go away without its answer."""
    standin = account.server.standin
    if standin:
        standin.hold("POST", APPEND, abandoned="finish", contains=text, times=1)
    task = asyncio.create_task(account.say(to, text))
    try:
        if standin:
            await asyncio.to_thread(standin.wait_until_held)
        else:
            await asyncio.sleep(2)
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if standin:
            standin.release()


def _execution(entries: Sequence[Entry], name: str) -> Execution:
    return next(entry for entry in entries if isinstance(entry, Execution) and entry.name == name)


async def test_a_search_is_an_execution_before_the_message(searched: Step) -> None:
    search, last = _execution(searched.answer.entries, "web_search"), searched.answer.entries[-1]
    assert search.arguments
    assert isinstance(last, Message)
    references = [part for part in last.content if isinstance(part, ReferenceContent)]
    assert all(reference.title or reference.url for reference in references)


async def test_the_history_tells_an_answer_with_executions(searched: Step) -> None:
    settled = settle_start(searched.history)
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == searched.answer.entries


async def test_an_execution_of_code_tells_the_code_and_its_output(computed: ModelAnswer) -> None:
    assert _execution(computed.entries, "code_interpreter").info.keys() >= {"code", "code_output"}
    last = computed.entries[-1]
    assert isinstance(last, Message)
    assert "121932631112635269" in re.sub(r"\D", "", last.text)


async def test_a_message_may_hold_an_image(account: Account, researcher: MistralAgent) -> None:
    seen = await account.start(researcher, "seen", messages=(red_square(),))
    assert isinstance(seen.entries[-1], Message)


@pytest.mark.timeout(300)
async def test_a_conversation_at_work_is_locked_and_tells_later_what_became_of_a_lost_append(
    account: Account, computed: ModelAnswer
) -> None:
    async with at_work(account, computed, LONG):
        with pytest.raises(ProviderFailed) as refused:
            await account.say(computed, "And 301?")
    assert isinstance(refused.value.failure, Answered)
    assert refused.value.failure.status == 409
    for pause in LOOKS:
        await asyncio.sleep(0.05 if account.server.standin else pause)
        history = (await account.noted(computed)).history
        settled = settle_messages(history, LONG)
        if isinstance(settled, Settled):
            break
    assert isinstance(settled, Settled | NotSent), "it was taken in, and is never answered"
