"""A server that answers as a test says, one answer after the other, and remembers what it was asked."""

import json
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import JsonValue
from yarl import URL

from agents_operator.kubernetes.api import KubernetesApi


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    content_type: str
    body: JsonValue


class ScriptedServer:
    """Listens while the block runs, and answers 501 when it was told nothing."""

    url: URL
    session: aiohttp.ClientSession
    api: KubernetesApi

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: deque[tuple[int, bytes]] = deque()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        listening = await self._open.enter_async_context(TestServer(application))
        self.url = listening.make_url("/")
        self.session = await self._open.enter_async_context(aiohttp.ClientSession(base_url=self.url))
        self.api = KubernetesApi(self.session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def requests(self) -> list[str]:
        """The requests, as method and last part of the path."""
        return [f"{asked.method} {asked.path.rpartition('/')[2]}" for asked in self.asked]

    def will_answer(self, status: int, body: JsonValue) -> None:
        self.will_say(status, json.dumps(body).encode())

    def will_say(self, status: int, content: bytes) -> None:
        self._answers.append((status, content))

    async def _answer(self, request: web.Request) -> web.Response:
        content = await request.read()
        self.asked.append(
            Asked(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                content_type=request.content_type,
                body=json.loads(content) if content else None,
            )
        )
        status, body = self._answers.popleft() if self._answers else (501, b"no answer was scripted")
        return web.Response(status=status, body=body)


def failure(message: str, details: JsonValue = None) -> JsonValue:
    """A metav1.Status, as the API server writes it."""
    return {"kind": "Status", "status": "Failure", "message": message, "details": details}


GONE = failure('agentruns.durable-agents.dev "rates-1" not found', {"name": "rates-1", "kind": "agentruns"})
CONFLICT = failure("Operation cannot be fulfilled on agentruns", {"name": "rates-1", "kind": "agentruns"})
FAILED_TEST = failure("the server rejected our request due to an error in our request", {})
INVALID = failure(
    'AgentRun.durable-agents.dev "rates-1" is invalid: status.turns: Invalid value: -1',
    {
        "name": "rates-1",
        "kind": "AgentRun",
        "causes": [{"reason": "FieldValueInvalid", "field": "status.turns"}],
    },
)
