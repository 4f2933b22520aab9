"""The agents API, as the operator relies on it."""

from dataclasses import dataclass

import pytest
import pytest_asyncio
from mistralai.client import errors

from agents_operator.mistral import (
    AgentDefinition,
    MistralAgent,
    ModelNotFoundError,
    ProviderTool,
    ToolConfiguration,
)
from agents_worker.messages import FunctionCall, Message
from agents_worker.sessions.entries import entries_of
from agents_worker.sessions.failures import Answered, ProviderFailed
from agents_worker.sessions.settlement import Settled, settle_append
from tests.conformance.account import Account, Step, conversation_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKING_FIRST = ProviderTool(
    type="web_search", tool_configuration=ToolConfiguration(requires_confirmation=("web_search",))
)


@dataclass(frozen=True)
class Life:
    """An agent made, read, found, linked to another one, and emptied."""

    definition: AgentDefinition
    created: MistralAgent
    read: MistralAgent | None
    found: tuple[MistralAgent, ...]
    search_calls: int
    linked: MistralAgent
    refused: errors.MistralError
    bare: AgentDefinition
    emptied: MistralAgent


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def life(account: Account, teller_agent: MistralAgent) -> Life:
    definition = account.definition("cautious", "Always search the web before you answer.", ASKING_FIRST)
    bare = account.definition("cautious")
    created = await account.create("cautious", definition)
    read = await account.agents.get(created.id)
    before = account.ledger.spent
    found = await account.agents.search(account.identity("cautious"))
    search_calls = account.ledger.spent - before
    linking = definition.model_copy(update={"handoffs": (teller_agent.id,)})
    linked = await account.agents.update(created.id, linking, account.stamp("cautious"))
    with pytest.raises(errors.MistralError) as refused:
        await account.sdk.beta.agents.update_async(agent_id=created.id, handoffs=[])
    emptied = await account.agents.update(created.id, bare, account.stamp("cautious"))
    return Life(definition, created, read, found, search_calls, linked, refused.value, bare, emptied)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pinned(account: Account, life: Life) -> Step:
    """A conversation with the first version, of which later ones have nothing left."""
    answer = await account.start(life.created, "pinned", "Search the web for the weather in Paris.")
    return Step(answer, ())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def unanswered(account: Account, pinned: Step) -> ProviderFailed:
    """What is said to a message in place of a decision about the call that waits."""
    with pytest.raises(ProviderFailed) as refused:
        await account.say(pinned.answer, "Go on.")
    return refused.value


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def denied(account: Account, pinned: Step, unanswered: ProviderFailed) -> Step:
    assert isinstance(unanswered.failure, Answered)
    answer = await account.conversations.append(
        conversation_of(pinned.answer), (), denials=(_waiting(pinned).tool_call_id,)
    )
    return await account.noted(answer)


def _waiting(step: Step) -> FunctionCall:
    [call] = [entry for entry in step.answer.entries if isinstance(entry, FunctionCall)]
    return call


async def test_an_agent_reads_back_as_it_was_sent_but_for_filled_defaults(life: Life) -> None:
    assert life.created.shows(life.definition)
    assert life.read == life.created
    assert life.created.version == 0


async def test_the_metadata_filter_finds_the_agent_and_no_other(life: Life) -> None:
    assert [agent.id for agent in life.found] == [life.created.id]
    assert life.search_calls == 1, "the server's filter found nothing: the search by name had to"


async def test_each_update_makes_a_version_with_the_links_that_were_sent(
    life: Life, teller_agent: MistralAgent
) -> None:
    assert (life.linked.version, life.linked.handoffs) == (1, (teller_agent.id,))


async def test_an_empty_list_of_handoffs_is_refused_with_a_list_of_findings(life: Life) -> None:
    assert isinstance(life.refused, errors.HTTPValidationError)
    assert life.refused.status_code == 422


async def test_nulls_clear_handoffs_and_arguments_and_an_empty_list_the_tools(life: Life) -> None:
    assert life.emptied.version == 2
    assert life.emptied.shows(life.bare)


async def test_a_conversation_is_with_the_version_that_was_named(pinned: Step) -> None:
    assert _waiting(pinned).name == "web_search"


async def test_a_tool_to_be_confirmed_waits_as_a_call_that_says_so(pinned: Step) -> None:
    assert _waiting(pinned).awaits_confirmation


async def test_nothing_else_is_taken_while_a_call_waits(unanswered: ProviderFailed) -> None:
    assert isinstance(unanswered.failure, Answered)
    assert unanswered.failure.status == 400


async def test_a_denied_call_is_answered_and_the_history_tells_both(pinned: Step, denied: Step) -> None:
    assert isinstance(denied.answer.entries[-1], Message)
    settled = settle_append(denied.history, frozenset(), frozenset({_waiting(pinned).tool_call_id}))
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == denied.answer.entries


@pytest.mark.usefixtures("denied")
async def test_a_deleted_agent_is_gone(account: Account, life: Life) -> None:
    await account.agents.delete(life.created.id)
    assert await account.agents.get(life.created.id) is None


async def test_an_unknown_model_is_told_apart(account: Account) -> None:
    unknown = account.definition("unknown").model_copy(update={"model": "no-such-model"})
    with pytest.raises(ModelNotFoundError):
        await account.create("unknown", unknown)
