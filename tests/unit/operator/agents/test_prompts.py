"""Prompts of MCP servers: who is asked when, and who hears of the answer."""

import asyncio
import logging
from collections.abc import Mapping

from agents_crds.contract.mcp import McpFailure, McpTarget, McpText
from agents_crds.v1alpha1 import Reason
from agents_operator.agents.prompts import FAILED_AGAIN, Prompts, Question
from agents_operator.engine.world import Key
from agents_operator.temporal.builds import NoWorkerError
from agents_operator.temporal.mcp import PoolBuild
from tests.unit.operator.agents.asking import (
    GUIDE,
    LISTED,
    LISTED_LATER,
    QUESTION,
    RETRY,
    WORKERS,
    Asking,
)
from tests.unit.operator.engine.driving import driven
from tests.unit.operator.objects import NAMESPACE, agent, mcp_server, pool


async def test_answer_comes_later_and_wakes_who_asked() -> None:
    asking = Asking()
    assert await asking.ask() is None
    assert asking.woken == ["prompted"]
    assert await asking.ask() == McpText(text="Be kind.")
    assert (asking.server.asked, asking.woken) == (1, ["prompted"])


async def test_server_is_asked_again_when_it_was_listed_anew() -> None:
    asking = Asking()
    await asking.ask()
    asking.see(mcp_server(status=LISTED_LATER, resourceVersion="2"))
    assert await asking.ask() == McpText(text="Be kind.")
    # The same answer wakes nobody, and another one does.
    assert (asking.server.asked, asking.woken) == (2, ["prompted"])
    asking.server.answer = McpText(text="Be brief.")
    asking.see(mcp_server(status=LISTED, resourceVersion="3"))
    await asking.ask()
    assert asking.woken == ["prompted", "prompted"]
    assert await asking.ask() == McpText(text="Be brief.")


async def test_failure_is_the_answer_for_a_while() -> None:
    asking = Asking()
    failure = McpFailure(reason=Reason.PROMPT_NOT_FOUND, message="no such prompt")
    asking.server.answer = failure
    await asking.ask()
    assert await asking.ask() == failure
    assert asking.server.asked == 1
    asking.ahead = FAILED_AGAIN
    await asking.ask()
    assert asking.server.asked == 2


async def test_pool_without_workers_is_a_failure() -> None:
    asking = Asking()
    asking.server.answer = NoWorkerError("it did not answer within 35 s")
    await asking.ask()
    answer = await asking.ask()
    assert isinstance(answer, McpFailure)
    assert answer.reason is Reason.WORKER_POOL_NOT_READY
    assert "no worker of WorkerPool default asked for it" in answer.message


async def test_pool_whose_workers_are_too_old_is_a_failure() -> None:
    asking = Asking()
    asking.world.pools.see(pool(status={**WORKERS, "contract": 1}, resourceVersion="2"))
    await asking.ask()
    answer = await asking.ask()
    assert isinstance(answer, McpFailure)
    assert answer.reason is Reason.WORKER_TOO_OLD
    assert asking.server.asked == 0


async def test_answer_that_nobody_asks_for_any_more_is_forgotten() -> None:
    asking = Asking()
    await asking.ask()
    asking.world.agents.forget(Key.of(agent("prompted", GUIDE)))
    asking.world.agents.see(agent("another", GUIDE | {"description": "x"}))
    other = Question(NAMESPACE, "maps", "another", ())
    await asking.ask(other)
    assert await asking.ask(other) is None


async def test_servers_that_hang_do_not_hold_up_the_others() -> None:
    asking = Asking()
    hangs, answered = asyncio.Event(), asyncio.Event()

    def wake(key: Key) -> None:
        asking.woken.append(key.name)
        answered.set()

    async def get_prompt(
        workers: PoolBuild, target: McpTarget, prompt: str, arguments: Mapping[str, str]
    ) -> McpText | McpFailure:
        if prompt != "guide":
            await hangs.wait()
        return await asking.server.get_prompt(workers, target, prompt, arguments)

    prompts = Prompts(
        asking.world,
        get_prompt,
        wake,
        retry_interval=RETRY,
        now=asking.now,
        logger=logging.getLogger("test"),
    )
    server = mcp_server(status=LISTED)
    for number in range(10):
        prompts.answer(Question(NAMESPACE, "maps", f"slow-{number}", ()), server)
    prompts.answer(QUESTION, server)
    async with driven(prompts.queue), asyncio.timeout(5):
        await answered.wait()
    assert asking.woken == ["prompted"]
