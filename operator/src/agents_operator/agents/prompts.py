"""Prompts of MCP servers, asked for in the background: a server that hangs holds up no Agent."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.mcp import McpFailure, McpTarget, McpText
from agents_crds.v1alpha1 import Agent, MCPServer, Reason
from agents_crds.v1alpha1.instructions import McpPromptRef
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World
from agents_operator.errors import Stalled, Waiting
from agents_operator.mcpservers.plan import workers_for
from agents_operator.mcpservers.target import mcp_target
from agents_operator.temporal.builds import NoWorkerError
from agents_operator.temporal.mcp import PoolBuild

CONCURRENCY = 64
OF_NAMESPACE = 16
"""So many are asked for at once for one namespace, whose servers may all hang."""
FAILED_AGAIN = timedelta(seconds=30)
"""How long a failure is taken for the answer, if the server is not listed anew before."""


GetPrompt = Callable[[PoolBuild, McpTarget, str, Mapping[str, str]], Awaitable[McpText | McpFailure]]


@dataclass(frozen=True)
class Question:
    """A prompt with its arguments; Agents that ask for the same share the answer."""

    namespace: str
    server: str
    prompt: str
    arguments: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, namespace: str, wanted: McpPromptRef) -> "Question":
        """Ask for what a spec wants."""
        return cls(namespace, wanted.server_ref.name, wanted.name, tuple(sorted(wanted.arguments.items())))


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    content: McpText | McpFailure
    listing: datetime | None
    """When the server had been listed."""
    asked: datetime


class Prompts:
    """The answers of MCP servers, one for each listing of the server."""

    def __init__(
        self,
        world: World,
        get_prompt: GetPrompt,
        wake: Callable[[Key], None],
        *,
        retry_interval: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        """`wake` is called for each Agent whose prompt has changed."""
        self._world = world
        self._get_prompt = get_prompt
        self._wake = wake
        self._retry_interval = retry_interval
        self._now = now
        self._answers: dict[Question, Answer] = {}
        self.queue = WorkQueue(
            "mcpprompt",
            self._renew,
            concurrency=CONCURRENCY,
            logger=logger,
            lane_of=lambda question: question.namespace,
            width=OF_NAMESPACE,
        )

    def answer(self, question: Question, server: MCPServer) -> McpText | McpFailure | None:
        """Return the last answer, and have it renewed when it is due; None when there is none yet."""
        known = self._answers.get(question)
        if is_due(known, server, now=self._now()):
            self.queue.add(question)
        return None if known is None else known.content

    async def _renew(self, question: Question) -> None:
        """Ask a server, and wake the Agents that ask for the prompt if the answer is another one."""
        server = self._world.mcp_servers.named(question.namespace, question.server)
        known = self._answers.get(question)
        if server is None or not is_due(known, server, now=self._now()):
            return
        asked = self._now()
        content = await self._ask(question, server)
        self._answers[question] = Answer(content, server.status.refresh_time, asked)
        if known is not None and known.content == content:
            return
        asking = tuple(self._asking())
        wanted = {each for _, each in asking}
        self._answers = {each: answer for each, answer in self._answers.items() if each in wanted}
        for agent, each in asking:
            if each == question:
                self._wake(Key.of(agent))

    async def _ask(self, question: Question, server: MCPServer) -> McpText | McpFailure:
        pool = self._world.pools.named(question.namespace, server.spec.worker_pool_ref.name)
        try:
            workers = workers_for(server, pool, retry_interval=self._retry_interval)
            return await self._get_prompt(
                workers, mcp_target(server), question.prompt, dict(question.arguments)
            )
        except (Waiting, Stalled) as early:
            return McpFailure(reason=early.reason, message=early.message)
        except NoWorkerError as error:
            message = f"no worker of WorkerPool {server.spec.worker_pool_ref.name} asked for it: {error}"
            return McpFailure(reason=Reason.WORKER_POOL_NOT_READY, message=message)

    def _asking(self) -> Iterator[tuple[Agent, Question]]:
        for agent in self._world.agents:
            source = agent.spec.instructions_from
            if source is not None and source.mcp_prompt is not None:
                yield agent, Question.of(agent.metadata.namespace, source.mcp_prompt)


def is_due(known: Answer | None, server: MCPServer, *, now: datetime) -> bool:
    """Tell whether a server is to be asked: anew with each listing, and sooner after a failure."""
    if known is None or known.listing != server.status.refresh_time:
        return True
    return isinstance(known.content, McpFailure) and now - known.asked >= FAILED_AGAIN
