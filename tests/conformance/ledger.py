"""How many calls were made, and what they made that is to be deleted again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict


class CallsSpentError(Exception):
    """Another call would be one too many."""


class _Made(BaseModel):
    """What an answer says about a new thing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None = None
    conversation_id: str | None = None


class Ledger:
    """Counts calls and keeps to their bound, deletions included: each thing made keeps one call back for it.

    Calls begin `pace` apart.
    """

    def __init__(self, limit: int, pace: timedelta = timedelta()) -> None:
        self.limit = limit
        self.spent = 0
        self._pace = pace.total_seconds()
        self._begin = asyncio.Lock()
        self._made: dict[str, None] = {}

    @property
    def hooks(self) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
        """Give what an HTTP client has to call."""
        return {"request": [self.allow], "response": [self.note]}

    @property
    def made(self) -> tuple[str, ...]:
        """List the paths of what was made and not deleted, oldest first."""
        return tuple(self._made)

    async def allow(self, request: httpx2.Request) -> None:
        """Let a request go, in its time; raises CallsSpentError."""
        async with self._begin:
            kept_back = 0 if request.method == "DELETE" else len(self._made) + _is_making(request)
            if self.spent + kept_back >= self.limit:
                raise CallsSpentError(
                    f"{request.method} {request.url.path} was not sent: {self.spent} calls were made, "
                    f"{len(self._made)} are kept back to delete what they made, and {self.limit} are the most"
                )
            if self.spent:
                await asyncio.sleep(self._pace)
            self.spent += 1

    async def note(self, response: httpx2.Response) -> None:
        """Remember what a call made, and forget what it deleted."""
        request, path = response.request, response.request.url.path
        if request.method == "DELETE" and (response.is_success or response.status_code == 404):
            self._made.pop(path, None)
        if response.is_success and _is_making(request):
            made = _Made.model_validate_json(await response.aread())
            collection = path.rsplit("/", 2)[0] if _is_restart(request) else path
            self._made[f"{collection}/{made.conversation_id or made.id}"] = None


def _is_making(request: httpx2.Request) -> bool:
    collections = ("/v1/agents", "/v1/conversations")
    return request.method == "POST" and (request.url.path.endswith(collections) or _is_restart(request))


def _is_restart(request: httpx2.Request) -> bool:
    return request.url.path.endswith("/restart")
