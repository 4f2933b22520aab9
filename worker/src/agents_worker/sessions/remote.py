"""Mistral's conversations, where the provider keeps the agent and its history, through the official SDK."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx2
from mistralai.client import Mistral, errors, models
from mistralai.client.conversations import Conversations
from mistralai.client.types import UNSET
from mistralai.client.utils.logger import NoOpLogger
from pydantic import TypeAdapter, ValidationError

from agents_crds.contract.run import FunctionResult
from agents_crds.contract.transcript import ImagePart, InputMessage, TextPart
from agents_worker.messages import ConversationRestart, ConversationStart, ModelAnswer
from agents_worker.sessions.entries import answer_of
from agents_worker.sessions.failures import Answered, ProviderFailed, Unreachable, read_answer
from agents_worker.sessions.wire import (
    WIRE_CONVERSATIONS,
    WIRE_HISTORY,
    WIRE_RESPONSE,
    WireConversation,
    WireEntry,
)
from agents_worker.text import ANSWER_LIMIT

_PAGE = 100
_MOST_PAGES = 50

_ANSWER = TypeAdapter[object](object)
_NOTHING = TypeAdapter[None](None)

Parsed = TypeVar("Parsed")


def mistral_client(http: httpx2.AsyncClient, url: str, key: Callable[[], str], timeout: timedelta) -> Mistral:
    """Make the SDK's client of an account; `key` gives its key for each call."""
    return Mistral(
        api_key=key,
        server_url=url.rstrip("/"),
        async_client=http,
        retry_config=None,  # Temporal is the one that repeats
        timeout_ms=timeout // timedelta(milliseconds=1),
        debug_logger=NoOpLogger(),  # the SDK's own writes the key where MISTRAL_DEBUG is set
    )


class RemoteConversations:
    """The conversations of one provider account. Every method raises ProviderFailed."""

    def __init__(self, mistral: Mistral, answer_limit: int = ANSWER_LIMIT) -> None:
        self._answer_limit = answer_limit
        # `mistral.beta` would import every beta API with it: half a second and 20 MB.
        self._api = Conversations(mistral.sdk_configuration, parent_ref=mistral)

    async def start(self, start: ConversationStart) -> ModelAnswer:
        """Start a conversation with the agent at its version, and return its first answer."""
        operation = self._api.start_async(
            agent_id=start.agent_id,
            agent_version=start.agent_version,
            inputs=[_message(message) for message in start.messages] or start.input,
            metadata=start.metadata,
            store=True,
            handoff_execution="server",
        )
        return await self._answered(operation)

    async def append(
        self,
        conversation_id: str,
        results: tuple[FunctionResult, ...],
        *,
        denials: tuple[str, ...] = (),
        messages: tuple[InputMessage, ...] = (),
    ) -> ModelAnswer:
        """Give the model the results of its calls, denials or messages, and return its next answer."""
        confirmations = [
            models.ToolCallConfirmation(tool_call_id=call, confirmation="deny") for call in denials
        ]
        operation = self._api.append_async(
            conversation_id=conversation_id,
            inputs=_inputs(results, messages),
            tool_confirmations=confirmations or UNSET,
            store=True,
            handoff_execution="server",
        )
        return await self._answered(operation)

    async def restart(self, restart: ConversationRestart) -> ModelAnswer:
        """Start a conversation that shares another's entries up to one of them, and return its answer."""
        operation = self._api.restart_async(
            conversation_id=restart.conversation_id,
            from_entry_id=restart.from_entry,
            inputs=_inputs(restart.results, restart.messages),
            agent_version=restart.agent_version,
            metadata=restart.metadata,
            store=True,
            handoff_execution="server",
        )
        return await self._answered(operation)

    def recovered(self, conversation_id: str, outputs: tuple[WireEntry, ...]) -> ModelAnswer:
        """Make the answer of an earlier call of what its conversation's history holds."""
        return answer_of(conversation_id, outputs, limit=self._answer_limit)

    async def _answered(self, operation: Awaitable[object]) -> ModelAnswer:
        response = await _call(WIRE_RESPONSE, operation)
        return answer_of(response.conversation_id, response.outputs, response.usage, limit=self._answer_limit)

    async def find(self, metadata: Mapping[str, str]) -> tuple[WireConversation, ...]:
        """List the conversations that carry all of `metadata`, oldest first.

        How the provider compares metadata is undocumented, so that its answer is only a first selection.
        """
        found: list[WireConversation] = []
        for page in range(_MOST_PAGES):
            operation = self._api.list_async(page=page, page_size=_PAGE, metadata=metadata)
            listed = await _call(WIRE_CONVERSATIONS, operation)
            found += [entry for entry in listed if metadata.items() <= (entry.metadata or {}).items()]
            if len(listed) < _PAGE:
                break
        return tuple(sorted(found, key=lambda conversation: conversation.created_at))

    async def history(self, conversation_id: str) -> tuple[WireEntry, ...] | None:
        """Return all entries, oldest first; None when the conversation is gone."""
        try:
            history = await _call(WIRE_HISTORY, self._api.get_history_async(conversation_id=conversation_id))
        except ProviderFailed as failed:
            if _is_absence(failed):
                return None
            raise
        return history.entries

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation, unless it is gone already."""
        try:
            await _call(_NOTHING, self._api.delete_async(conversation_id=conversation_id))
        except ProviderFailed as failed:
            if not _is_absence(failed):
                raise


def _inputs(
    results: tuple[FunctionResult, ...], messages: tuple[InputMessage, ...]
) -> list[models.InputEntries]:
    given = (
        models.FunctionResultEntry(tool_call_id=result.tool_call_id, result=result.text) for result in results
    )
    return [*given, *map(_message, messages)]


def _message(message: InputMessage) -> models.InputEntries:
    match message.content:
        case (TextPart(text=text),):
            return models.MessageInputEntry(role=message.role, content=text)
        case content:
            return models.MessageInputEntry(role=message.role, content=[_chunk(part) for part in content])


def _chunk(part: TextPart | ImagePart) -> models.MessageInputContentChunks:
    match part:
        case TextPart(text=text):
            return models.TextChunk(text=text)
        case ImagePart(url=url):
            return models.ImageURLChunk(image_url=url)


def _is_absence(failed: ProviderFailed) -> bool:
    return isinstance(failed.failure, Answered) and failed.failure.status == 404


async def _call(shape: TypeAdapter[Parsed], operation: Awaitable[object]) -> Parsed:
    """Run an SDK operation and parse its answer leniently, also one that the SDK itself cannot validate."""
    try:
        answer = await operation
        return shape.validate_json(_ANSWER.dump_json(answer, by_alias=True))
    except errors.ResponseValidationError as error:
        if error.status_code != 200:
            raise ProviderFailed(_read(error)) from error
        return _parse_unknown(shape, error)
    except errors.MistralError as error:
        raise ProviderFailed(_read(error)) from error
    except (httpx2.RequestError, errors.NoResponseError) as error:
        words = f"The provider could not be reached: {type(error).__name__}: {error}"
        raise ProviderFailed(Unreachable(words)) from error


def _parse_unknown(shape: TypeAdapter[Parsed], answer: errors.ResponseValidationError) -> Parsed:
    try:
        return shape.validate_json(answer.body)
    except ValidationError as error:
        # Where it does not fit, and not what it says there: that may be the user's own text.
        places = "; ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])
        unreadable = Answered(status=200, message=f"an answer that cannot be read at {places}")
        raise ProviderFailed(unreadable) from error


def _read(error: errors.MistralError) -> Answered:
    # Some servers repeat a wrong key in their answer, and the answer ends up in the run's status.
    key = error.raw_response.request.headers.get("authorization", "").removeprefix("Bearer ")
    body = error.body.replace(key, "[key]") if key else error.body
    return read_answer(error.status_code, error.headers, body, now=datetime.now(UTC))
