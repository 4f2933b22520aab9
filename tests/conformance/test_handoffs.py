"""Handoffs that the server carries out, from one agent to another that has a function."""

import pytest
import pytest_asyncio

from agents_operator.mistral import MistralAgent
from agents_worker.messages import Handoff
from agents_worker.sessions.entries import entries_of
from agents_worker.sessions.settlement import Settled, settle_start
from tests.conformance.account import Account, Step
from tests.conformance.samples import QUESTION, only_call

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def front_agent(account: Account, teller_agent: MistralAgent) -> MistralAgent:
    definition = account.definition(
        "front",
        "You know nothing about codes: hand every question about a code over to the teller, at once.",
        description="Receives visitors.",
        handoffs=(teller_agent.id,),
    )
    return await account.create("front", definition)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def handed(account: Account, front_agent: MistralAgent) -> Step:
    return await account.noted(await account.start(front_agent, "handed", QUESTION))


async def test_a_handoff_names_both_agents(
    handed: Step, front_agent: MistralAgent, teller_agent: MistralAgent
) -> None:
    [handoff] = [entry for entry in handed.answer.entries if isinstance(entry, Handoff)]
    assert (handoff.previous_id, handoff.next_id) == (front_agent.id, teller_agent.id)
    assert (handoff.previous_name, handoff.next_name) == (front_agent.name, teller_agent.name)


async def test_a_call_after_a_handoff_is_of_the_agent_that_took_over(
    handed: Step, teller_agent: MistralAgent
) -> None:
    assert only_call(handed.answer).agent_id == teller_agent.id


async def test_the_history_tells_an_answer_with_a_handoff(handed: Step) -> None:
    settled = settle_start(handed.history)
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == handed.answer.entries


async def test_the_agent_that_took_over_keeps_the_floor(
    account: Account, handed: Step, teller_agent: MistralAgent
) -> None:
    answered = await account.append(handed.answer, {only_call(handed.answer).tool_call_id: "41207"})
    asked_again = await account.say(answered, "What was it again? Say it.")
    last = [answer.entries[-1] for answer in (answered, asked_again)]
    assert [getattr(entry, "agent_id", "") for entry in last] == [teller_agent.id] * 2
