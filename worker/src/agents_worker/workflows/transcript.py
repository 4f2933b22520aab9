"""The transcript of a Local session: what it holds, in parts that must not be torn apart."""

from collections.abc import Iterable, Iterator, Sequence

from agents_crds.contract.run import LoopState
from agents_crds.contract.transcript import (
    ImagePart,
    InputMessage,
    ModelMessage,
    ResultMessage,
    SaidMessage,
    TextPart,
    TranscriptCall,
    TranscriptMessage,
)
from agents_worker.text import size_of

Group = tuple[TranscriptMessage, ...]
"""An answer of the model with the results of its calls, or something that was said to it."""


def spoken(message: InputMessage) -> str:
    """Return what a message to the agent says, its images by their addresses."""
    return "\n".join(_part(part) for part in message.content)


def _part(part: TextPart | ImagePart) -> str:
    match part:
        case TextPart(text=text):
            return text
        case ImagePart(url=url):
            return f"[image: {url[:200]}]"


def groups_of(messages: Sequence[TranscriptMessage]) -> tuple[Group, ...]:
    """Part a transcript, so that a call and its result stay together."""
    return tuple(_groups(messages))


def _groups(messages: Sequence[TranscriptMessage]) -> Iterator[Group]:
    group = list[TranscriptMessage]()
    for message in messages:
        if group and not isinstance(message, ResultMessage):
            yield tuple(group)
            group = []
        group.append(message)
    if group:
        yield tuple(group)


def newest(groups: Sequence[Group], limit: int) -> tuple[Group, ...]:
    """Return the last groups, as many as fit into `limit` bytes of JSON."""
    room, kept = limit, 0
    for group in reversed(groups):
        room -= size_of(group)
        if room < 0:
            break
        kept += 1
    return tuple(groups[len(groups) - kept :])


def delivered(state: LoopState) -> tuple[TranscriptMessage, ...]:
    """Return what the next model call adds to the transcript: the results of the last calls, then words."""
    names = {call.id: call.name for call in _last_calls(state.transcript)}
    results = (
        ResultMessage(call_id=each.tool_call_id, name=names.get(each.tool_call_id, ""), text=each.text)
        for each in state.results
    )
    return (*results, *(SaidMessage(message=message) for message in state.say))


def _last_calls(transcript: Sequence[TranscriptMessage]) -> tuple[TranscriptCall, ...]:
    match transcript[-1:]:
        case (ModelMessage(calls=calls),):
            return calls
        case _:
            return ()


def left_behind(state: LoopState, limit: int) -> tuple[TranscriptMessage, ...]:
    """Return all that was said in a loop that is over, or the newest of it that fits into `limit` bytes."""
    whole = (*state.transcript, *delivered(state)) if state.transcript else ()
    if size_of(whole) <= limit:
        return whole
    return flat(newest(groups_of(whole), limit))


def flat(groups: Iterable[Group]) -> tuple[TranscriptMessage, ...]:
    """Return the messages of groups."""
    return tuple(message for group in groups for message in group)


def said_by_user(text: str, *more: str, summary: bool = False) -> SaidMessage:
    """Make a message to the agent, of one part for each text."""
    parts = tuple(TextPart(text=each) for each in (text, *more))
    return SaidMessage(message=InputMessage(role="user", content=parts), summary=summary)
