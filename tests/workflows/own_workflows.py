"""Workflows as a developer writes them, and an operator of another install that resolves their agents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from agents_crds.contract.child import AgentRequest, ResolvedAgent
    from agents_crds.contract.names import RESOLVE_AGENT_ACTIVITY, UID_KEY, operator_queue
    from agents_crds.contract.run import Limits, LoopInput
    from agents_worker import AgentFailedError, AgentResult, run_agent, start_agent

INSTALLATION = "elsewhere"
NAMESPACE = "team"
OWN_QUEUE = "orders"


class Question(BaseModel):
    """What such a workflow is asked."""

    agent: str
    text: str
    check: bool = True
    seconds: float | None = None
    """How long its agent is waited for to be Ready."""


@workflow.defn
class Ask:
    """Runs one agent."""

    @workflow.run
    async def run(self, question: Question) -> AgentResult:
        within = None if question.seconds is None else timedelta(seconds=question.seconds)
        return await run_agent(
            question.agent,
            question.text,
            namespace=NAMESPACE,
            installation=INSTALLATION,
            max_turns=7,
            ready_within=within,
            check=question.check,
        )


@workflow.defn
class AskTwice:
    """Runs two agents at once, and a third one however they end, also when it is cancelled."""

    @workflow.run
    async def run(self, question: Question) -> list[str]:
        try:
            results = await asyncio.gather(self._ask(question), self._ask(question))
        except (asyncio.CancelledError, AgentFailedError):
            await self._ask(question)
            raise
        return [result.text for result in results]

    async def _ask(self, question: Question) -> AgentResult:
        return await run_agent(question.agent, question.text, namespace=NAMESPACE, installation=INSTALLATION)


@workflow.defn
class Talk:
    """Speaks to an agent while it goes, and stops it."""

    @workflow.init
    def __init__(self, _: Question) -> None:
        self.words = list[str]()

    @workflow.signal
    def say(self, word: str) -> None:
        self.words.append(word)

    @workflow.run
    async def run(self, question: Question) -> AgentResult:
        running = await start_agent(
            question.agent, question.text, namespace=NAMESPACE, installation=INSTALLATION, check=False
        )
        while True:
            await workflow.wait_condition(lambda: bool(self.words))
            word = self.words.pop(0)
            if word == "stop":
                await running.stop()
                return await running.result()
            await running.say(word, id=word)


@workflow.defn
class TalkTooLate:
    """Speaks to an agent that has answered, after words that are too long for one."""

    @workflow.run
    async def run(self, question: Question) -> str:
        running = await start_agent(
            question.agent, question.text, namespace=NAMESPACE, installation=INSTALLATION
        )
        try:
            await running.say("x" * 10_000)
        except AgentFailedError as error:
            refusal = error.message
        await running.result()
        await running.stop()
        return f"{refusal}; {await running.say('hurry')}"


@workflow.defn
class AskNowhere:
    """Does not say which install it means."""

    @workflow.run
    async def run(self, question: Question) -> AgentResult:
        return await run_agent(question.agent, question.text)


@dataclass
class Resolving:
    """The operator's side: knows loops by the names of their agents, and may say that they are not Ready."""

    queue: str
    loops: dict[str, LoopInput] = field(default_factory=dict)
    requests: list[AgentRequest] = field(default_factory=list)
    not_ready: int = 0
    """How often it still says so."""

    @activity.defn(name=RESOLVE_AGENT_ACTIVITY)
    async def resolve(self, request: AgentRequest) -> ResolvedAgent:
        self.requests.append(request)
        if request.name not in self.loops:
            raise ApplicationError("there is none", type="AgentNotFound", non_retryable=True)
        if self.not_ready:
            self.not_ready -= 1
            raise ApplicationError("it is being reconciled", type="AgentNotReady")
        loop = self.loops[request.name]
        limits = Limits(max_turns=request.max_turns or 5, timeout=timedelta(seconds=40))
        return ResolvedAgent(
            queue=self.queue,
            loop=loop.model_copy(update={"conversation_metadata": {UID_KEY: request.uid}, "limits": limits}),
        )


@asynccontextmanager
async def developers_worker(client: Client, pool_queue: str) -> AsyncIterator[Resolving]:
    """Run a developer's worker, and an operator; the loops run on the pool's queue."""
    resolving = Resolving(pool_queue)
    workflows = (Ask, AskTwice, Talk, TalkTooLate, AskNowhere)
    async with (
        Worker(client, task_queue=OWN_QUEUE, workflows=workflows),
        Worker(client, task_queue=operator_queue(INSTALLATION), activities=(resolving.resolve,)),
    ):
        yield resolving
