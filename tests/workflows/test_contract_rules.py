"""Rules of Mistral's API that other tests here leave out; docs/mistral.md names the test of each rule.

A run ends right, and the stand-in's counters show nothing beyond the repeats that the rule asks for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from agents_crds.contract.run import AgentSnapshot
from agents_crds.v1alpha1.conditions import Reason
from tests.standin.control import (
    APPEND,
    START,
    failed_handoff,
    invalid_fields,
    invalid_text,
    locked,
    rate_limited,
    rate_limited_for,
    rate_limited_until,
)
from tests.standin.faults import AnswerWith, LoseResponse
from tests.standin.scenario import Scenario, Script, ScriptedHandoff, ScriptedTurn
from tests.workflows.bench import PATIENCE, Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = "What was the interest rate in 2023?"
ROUTES = {START: "POST /v1/conversations", APPEND: "POST /v1/conversations/{conversation_id}"}


class Wire:
    """A connection between worker and provider that can be cut."""

    def __init__(self, target: str) -> None:
        self._target = httpx2.URL(target)
        self._callers: list[asyncio.StreamWriter] = []

    async def carry(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until one end is closed; the provider never learns of a cut."""
        self._callers.append(back)
        answers, on = await asyncio.open_connection(self._target.host, self._target.port)
        there, here = asyncio.create_task(_copy(caller, on)), asyncio.create_task(_copy(answers, back))
        await asyncio.wait({there, here})
        on.close()

    def cut(self) -> None:
        """Close what is open towards the worker."""
        for caller in self._callers:
            caller.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()


@asynccontextmanager
async def wired(bench: Bench, agent: AgentSnapshot) -> AsyncIterator[tuple[Wire, AgentSnapshot]]:
    """Put a wire between the worker and the agent's provider."""
    wire = Wire(bench.standin.url)
    server = await asyncio.start_server(wire.carry, "127.0.0.1")
    [(host, port)] = [socket.getsockname() for socket in server.sockets]
    provider = agent.provider.model_copy(update={"url": f"http://{host}:{port}"})
    try:
        yield wire, agent.model_copy(update={"provider": provider})
    finally:
        wire.cut()
        server.close()


async def answered(bench: Bench, answer: str) -> None:
    """Wait until the provider has given an answer."""
    async with asyncio.timeout(20):
        while answer not in bench.standin.counters().responses:  # noqa: ASYNC110  # a server
            await asyncio.sleep(0.02)


def done(bench: Bench) -> tuple[int, int, int]:
    """Count the conversations, appends and results of all runs."""
    counters = bench.standin.counters()
    return counters.conversations_created, counters.appends, counters.function_results


async def test_a_conversation_that_the_provider_is_still_at_is_taken_up_when_it_is_done(bench: Bench) -> None:
    held = bench.standin.hold("POST", APPEND, abandoned="finish", times=1)
    async with wired(bench, await bench.agent("get_rate")) as (wire, agent):
        handle = await bench.start(agent, QUESTION)
        await asyncio.to_thread(bench.standin.wait_until_held, held)
        wire.cut()
        await answered(bench, f"{ROUTES[APPEND]} 409")
        bench.standin.release(held)
        outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert "4.25" in outcome.result.text
    assert done(bench) == (1, 1, 1)
    assert bench.standin.counters().responses[f"{ROUTES[APPEND]} 409"] == 1


@pytest.mark.parametrize("path", [START, APPEND], ids=["start", "append"])
async def test_an_answer_that_breaks_off_in_the_middle_is_read_from_the_history(
    bench: Bench, path: str
) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", path, LoseResponse(after_bytes=80))
    outcome = await bench.run(agent, QUESTION)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, 2)
    assert "4.25" in outcome.result.text
    assert done(bench) == (1, 1, 1)
    assert bench.standin.counters().requests[ROUTES[path]] == 1


@pytest.mark.parametrize("path", [START, APPEND], ids=["start", "append"])
@pytest.mark.parametrize(
    "refusal",
    [
        locked,
        failed_handoff,
        lambda: rate_limited(1),
        lambda: rate_limited_for(100),
        lambda: rate_limited_until(datetime.now(UTC) + timedelta(seconds=2)),
    ],
    ids=["409", "500 with 3000", "429 in seconds", "429 in milliseconds", "429 by date"],
)
async def test_what_passes_is_asked_for_again_once(
    bench: Bench, path: str, refusal: Callable[[], AnswerWith]
) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", path, refusal())
    outcome = await bench.run(agent, QUESTION)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, 2)
    assert done(bench) == (1, 1, 1)
    assert bench.standin.counters().requests[ROUTES[path]] == 2


async def test_a_handoff_that_fails_for_good_ends_the_run_with_the_providers_words(bench: Bench) -> None:
    agent = await bench.agent()
    nowhere = ScriptedTurn(steps=(ScriptedHandoff(handoff="nobody"),))
    bench.standin.set_scenario(Scenario(scripts=(Script(turns=(nowhere,)),)))
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.PROVIDER_ERROR
    assert "answered 500: Response failed during handoff orchestration" in outcome.result.message
    assert done(bench) == (0, 0, 0)
    assert bench.standin.counters().requests[ROUTES[START]] == PATIENCE.attempts


@pytest.mark.parametrize("path", [START, APPEND], ids=["start", "append"])
@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (invalid_fields("inputs", message="too long"), "The provider answered 422: body.inputs: too long"),
        (invalid_text("too long"), "The provider answered 422: too long"),
    ],
    ids=["findings", "text"],
)
async def test_a_422_ends_the_run_at_once_with_the_providers_words(
    bench: Bench, path: str, refusal: AnswerWith, words: str
) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", path, refusal)
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.PROVIDER_REJECTED
    assert words in outcome.result.message
    assert bench.standin.counters().requests[ROUTES[path]] == 1
    assert done(bench) == ((0, 0, 0) if path == START else (1, 0, 0))
