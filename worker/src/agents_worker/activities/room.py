"""How much of what a call brought can be kept, and the wait for the store that is to keep it."""

import asyncio
from typing import TypeVar

from temporalio import activity
from temporalio.converter import DataConverter

from agents_crds.contract.conversion import STORED_FROM, store_of
from agents_crds.contract.payload import Payload
from agents_crds.contract.store import PayloadStore, StoreError
from agents_worker.messages import ToolResult
from agents_worker.text import ANSWER_LIMIT, RESULTS_LIMIT, STORED_LIMIT, clip, size_of

_PAUSE_SECONDS = 2.0
# A codec of the user's may make a payload larger again: by a third, where it writes base64.
_MAY_BE_STORED_FROM = STORED_FROM // 2

Result = TypeVar("Result", bound=Payload)


class Room:
    """What a payload may hold in this process: more where there is a store for it."""

    def __init__(self, store: PayloadStore | None = None) -> None:
        self._store = store

    @classmethod
    def of(cls, converter: DataConverter) -> "Room":
        """Take the store of a client's own converter."""
        return cls(store_of(converter))

    @property
    def has_store(self) -> bool:
        """Whether what is too large for Temporal goes to a store."""
        return self._store is not None

    @property
    def for_answer(self) -> int:
        """Bytes of a model's answer, as JSON."""
        return STORED_LIMIT if self.has_store else ANSWER_LIMIT

    async def tool_result(self, result: ToolResult) -> ToolResult:
        """Cut a tool's result to what can be kept."""
        text = clip(result.text, STORED_LIMIT if self.has_store else RESULTS_LIMIT)
        return await self.kept(result.model_copy(update={"text": text}))

    async def kept(self, result: Result) -> Result:
        """Return the result once the store can take it, where it needs one.

        The call has had its effect, and may have cost something: if the store is away, it is the result that
        waits, until the activity's time is over.
        """
        if self._store is None or size_of(result) < _MAY_BE_STORED_FROM:
            return result
        while True:
            try:
                await self._store.check()
            except StoreError as error:
                activity.logger.warning("A result waits to be stored: %s", error)
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return result
