"""A world with a server of prompts, and what the server is asked."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from agents_crds.contract import CONTRACT
from agents_crds.contract.mcp import McpFailure, McpTarget, McpText
from agents_crds.v1alpha1 import MCPServer
from agents_operator.agents.prompts import Prompts, Question
from agents_operator.engine.world import World
from agents_operator.temporal.builds import NoWorkerError
from agents_operator.temporal.mcp import PoolBuild
from tests.unit.operator.engine.driving import driven, until_idle
from tests.unit.operator.objects import NAMESPACE, NOW, Manifest, agent, condition, mcp_server, pool

RETRY = timedelta(seconds=10)
READY: Manifest = {"conditions": [condition("Ready", "True", "Available")]}
LISTED: Manifest = {"refreshTime": "2026-03-01T12:00:00Z", **READY}
LISTED_LATER: Manifest = {"refreshTime": "2026-03-01T12:05:00Z", **READY}
GUIDE: Manifest = {"instructionsFrom": {"mcpPrompt": {"serverRef": {"name": "maps"}, "name": "guide"}}}
QUESTION = Question(NAMESPACE, "maps", "guide", ())
WORKERS: Manifest = {"build": "b1", "contract": CONTRACT, **READY}


class Server:
    """What a server answers, and how often it was asked."""

    def __init__(self) -> None:
        self.answer: McpText | McpFailure | NoWorkerError = McpText(text="Be kind.")
        self.asked = 0

    async def get_prompt(
        self, _workers: PoolBuild, _target: McpTarget, _prompt: str, _arguments: Mapping[str, str]
    ) -> McpText | McpFailure:
        self.asked += 1
        if isinstance(self.answer, NoWorkerError):
            raise self.answer
        return self.answer


class Asking:
    """A world with a server, a pool and two Agents, one of which has its instructions from the server."""

    def __init__(self) -> None:
        self.world = World()
        self.server = Server()
        self.ahead = timedelta()
        self.woken: list[str] = []
        for stored in (agent("prompted", GUIDE), agent("other")):
            self.world.agents.see(stored)
        self.see(mcp_server(status=LISTED))
        self.world.pools.see(pool(status=WORKERS))
        self.prompts = Prompts(
            self.world,
            self.server.get_prompt,
            lambda key: self.woken.append(key.name),
            retry_interval=RETRY,
            now=self.now,
            logger=logging.getLogger("test"),
        )

    def now(self) -> datetime:
        return NOW + self.ahead

    def see(self, server: MCPServer) -> None:
        self.world.mcp_servers.see(server)

    async def ask(self, question: Question = QUESTION) -> McpText | McpFailure | None:
        """Look for the answer as a reconcile does, and let what that begins come to its end."""
        server = self.world.mcp_servers.named(NAMESPACE, "maps")
        assert server is not None
        answer = self.prompts.answer(question, server)
        async with driven(self.prompts.queue):
            await until_idle(self.prompts.queue)
        return answer
