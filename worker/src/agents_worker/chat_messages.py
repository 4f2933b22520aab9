"""What the workflow and the model calls of a Local session say to each other, within one build."""

import hashlib

from pydantic import JsonValue

from agents_crds.contract.payload import Payload
from agents_crds.contract.run import ProviderSnapshot, Usage
from agents_crds.contract.transcript import LocalAgent, ModelMessage, TranscriptMessage
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.messages import Origin

COMPLETE_CHAT = "complete_chat"
SUMMARIZE = "summarize"


class ChatRequest(Payload):
    """Ask a model to go on from a transcript."""

    provider: ProviderSnapshot
    name: str
    """Name of the Agent that it answers for."""
    agent: LocalAgent
    messages: tuple[TranscriptMessage, ...]
    output_schema: JsonSchema | None = None
    """What the final answer must fit."""
    forgotten: tuple[str, ...] = ()
    """Digests of the ids of calls that are not in the transcript any more: no call gets such an id again."""
    origin: Origin = Origin()


class SummaryRequest(ChatRequest):
    """Ask a model for a summary of what was said."""


class ChatAnswer(Payload):
    """What the model said."""

    message: ModelMessage
    usage: Usage
    """Zero where the server does not tell."""
    repeated: int = 0
    """How many attempts before were sent and never answered: each may have been paid for."""
    has_store: bool = False
    """Whether the worker puts what is too large for Temporal into a store."""
    model: str = ""
    """The model that answered; empty where the server does not say it."""
    finish_reason: str = ""
    """Why it wrote no more; empty where the server does not say it."""


def id_digest(call_id: str) -> str:
    """Write down a call's id in 8 characters."""
    return hashlib.sha256(call_id.encode()).hexdigest()[:8]


def words_of(content: JsonValue) -> str:
    """Return the words of a model's message, without its thoughts."""
    match content:
        case str():
            return content
        case list():
            return "".join(_words(piece) for piece in content)
        case _:
            return ""


def _words(piece: JsonValue) -> str:
    match piece:
        case str():
            return piece
        case {"type": "text", "text": str(text)}:
            return text
        case _:
            return ""
