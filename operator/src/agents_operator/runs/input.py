"""What a run begins with: a text or messages of its own, or a text that somebody else keeps."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.transcript import ImagePart, InputMessage, TextPart
from agents_crds.v1alpha1 import AgentRun, ConditionType, Reason
from agents_crds.v1alpha1.messages import Message, MessagePart
from agents_operator.errors import Waiting
from agents_operator.kubernetes.configmaps import ConfigMapReader, TextNotFoundError

INPUT_LIMIT = 524_288
"""Bytes of a text from a ConfigMap: it travels with the run, and its agents need room as well."""
# Nobody tells when a ConfigMap comes.
LOOK_AGAIN = timedelta(seconds=10)
LATEST_LOOK = timedelta(minutes=2)


@dataclass(frozen=True)
class Opening:
    """The first words of a conversation: a text, or messages."""

    text: str = ""
    messages: tuple[InputMessage, ...] = ()


async def read_opening(run: AgentRun, configmaps: ConfigMapReader, *, now: datetime) -> Opening:
    """Return what the run begins with; raise Waiting while `inputFrom` leads to nothing that can be used."""
    spec = run.spec
    if spec.messages is not None:
        return Opening(messages=tuple(map(_message, spec.messages)))
    if spec.input_from is None:
        return Opening(text=spec.input or "")
    ref = spec.input_from.config_map_key_ref
    try:
        text = await configmaps.read(run.metadata.namespace, ref)
    except TextNotFoundError as error:
        raise _unusable(f"spec.inputFrom: {error}", run, now) from error
    size = len(text.encode())
    if size > INPUT_LIMIT:
        raise _unusable(
            f"spec.inputFrom: key {ref.key} of ConfigMap {ref.name} has {size} bytes, and a run takes "
            f"{INPUT_LIMIT} at most: shorten it",
            run,
            now,
        )
    return Opening(text=text)


def _message(message: Message) -> InputMessage:
    return InputMessage(role=message.role, content=tuple(map(_part, message.content)))


def _part(part: MessagePart) -> TextPart | ImagePart:
    return TextPart(text=part.text or "") if part.image_url is None else ImagePart(url=part.image_url)


def pause(run: AgentRun, *, now: datetime) -> timedelta:
    """Return when to look again: ever later, as ten thousand runs may wait for one ConfigMap."""
    since = run.metadata.creation_timestamp
    age = timedelta() if since is None else now - since
    return min(max(age / 6, LOOK_AGAIN), LATEST_LOOK)


def _unusable(message: str, run: AgentRun, now: datetime) -> Waiting:
    return Waiting(
        Reason.CONFIG_MAP_NOT_FOUND, message, after=pause(run, now=now), condition=ConditionType.SUCCEEDED
    )
