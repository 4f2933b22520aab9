"""What a run brought: the answer, and what happened on the way to it."""

from typing import Annotated

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel
from agents_crds.v1alpha1.fields import AnyValue, Flag, Time
from agents_crds.v1alpha1.whole import Whole

OUTPUT_TEXT_LIMIT = 32_768
"""Characters of what an earlier release kept; now it is PREVIEW_BYTES."""
PREVIEW_BYTES = 8_192
"""Bytes of the text, and of the JSON: etcd keeps every run for as long as its object is there."""
PREVIEW_BESIDE_JSON_BYTES = 1_024
"""Bytes of the text where the whole answer is there as JSON."""
EXCERPT_LIMIT = 100
ENTRY_LIMIT = 100
ENTRY_TEXT_LIMIT = 1024
EntryText = Annotated[str, Field(max_length=ENTRY_TEXT_LIMIT)]
Label = Annotated[str, Field(max_length=256)]
"""A name that somebody else gave."""


class Reference(ApiModel):
    """A source that a tool of the provider found."""

    tool: Label
    """The tool that found it."""

    title: EntryText = ""
    """Its title."""

    url: Annotated[str, Field(max_length=2048)] = ""
    """Its address."""


class File(ApiModel):
    """A file or an image that a tool of the provider made; the provider keeps it."""

    tool: Label
    """The tool that made it."""

    id: Label
    """Its id at the provider."""

    name: Label = ""
    """Its name."""

    media_type: Label = ""
    """What it is, such as `image/png`."""


class ContentPart(ApiModel):
    """A part of a message of the agent: one of these."""

    text: EntryText | None = None
    """Words."""

    reference: Reference | None = None
    """A source that a tool of the provider found."""

    file: File | None = None
    """A file or an image that a tool of the provider made."""


class ToolCall(ApiModel):
    """A call of a function or of an MCP tool."""

    name: Label
    """Name of the tool, as the model knows it."""

    arguments: EntryText = ""
    """Its arguments, as JSON."""

    result: EntryText = ""
    """What the model was told."""

    denied: Flag = False
    """Whether the call waited for a confirmation, and was denied: there are no approvals yet."""


class ToolExecution(ApiModel):
    """A tool that the provider ran itself."""

    name: Label
    """Name of the tool."""

    arguments: EntryText = ""
    """Its arguments, as JSON."""

    info: EntryText = ""
    """What the tool tells about it, as JSON: code and its output, for one."""


class HandoffTo(ApiModel):
    """A handoff."""

    to: Label
    """The agent that has the conversation now."""


class OutputEntry(ApiModel):
    """Something that happened in the run: one of these, by an agent. Long texts are cut."""

    agent: Label = ""
    """Name of the Agent that did it."""

    message: Annotated[tuple[ContentPart, ...], Field(max_length=32)] | None = None
    """Something that the agent wrote."""

    tool_call: ToolCall | None = None
    """A call of a function or of an MCP tool, with its result."""

    tool_execution: ToolExecution | None = None
    """A tool that the provider ran itself."""

    handoff: HandoffTo | None = None
    """The agent gave the conversation to another one."""

    other: Label | None = None
    """An entry of a kind that this release does not know."""


class Output(ApiModel):
    """What the agent answered."""

    text: Annotated[str, Field(max_length=OUTPUT_TEXT_LIMIT)]
    """The answer, cut at 8192 bytes as the API server keeps it; at 1024 where all of it is in `json`."""

    excerpt: Annotated[str, Field(max_length=EXCERPT_LIMIT)] = ""
    """The start of the answer on one line, for listings."""

    truncated: Flag = False
    """Whether `text` was cut; `python -m agents_operator.result`, run in the operator's pod, has all."""

    bytes: Annotated[int, Whole(ge=0)] = 0
    """Size of the whole answer in UTF-8."""

    value: Annotated[AnyValue, Field(alias="json")] = None
    """The answer as JSON, when the Agent has an `outputSchema`, which it fits."""

    json_omitted: Flag = False
    """Whether `json` was left out, as it is longer than 8192 bytes."""

    available_until: Time | None = None
    """Until when the whole can be had: Temporal forgets the workflow then. Absent where that is not known."""

    entries: Annotated[tuple[OutputEntry, ...], Field(max_length=ENTRY_LIMIT)] = ()
    """What happened, in order, where it was more than one answer: the latest of it, of 6 KB at most."""

    entries_omitted: Annotated[int, Whole(ge=0)] = 0
    """How many earlier entries are not in `entries`; Temporal's history has all of them."""
