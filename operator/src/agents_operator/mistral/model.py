"""Agents as the provider keeps them, and what is sent to make one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from agents_crds.contract.names import HASH_KEY, INSTALLATION_KEY, NAME_KEY, NAMESPACE_KEY, UID_KEY
from agents_crds.v1alpha1.fields import JsonSchema


def _absent_when_empty(value: object) -> object:
    """Read what servers fill in for "not set": an empty text or list."""
    return None if value in ("", [], ()) else value


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else _absent_when_empty(value)


def _text_or_nothing(value: object) -> object:
    return value if isinstance(value, str) else None


def _format_as_sent(value: object) -> object:
    """Read a response format without what servers fill in: plain text, and nulls around the schema."""
    match value:
        case {"type": "text"}:
            return None
        case {"json_schema": dict(form), **rest}:
            kept = {key: part for key, part in form.items() if part is not None}
            return {key: part for key, part in rest.items() if part is not None} | {"json_schema": kept}
        case _:
            return value


def _configuration(value: object) -> object:
    """Read a tool's configuration, of which servers fill in nulls and empty lists, as absent if it is."""
    match value:
        case dict():
            return {key: part for key, part in value.items() if part} or None
        case _:
            return value


Text = Annotated[str | None, BeforeValidator(_absent_when_empty)]


class _Value(BaseModel):
    """Frozen, and tolerant of what a newer server adds."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)


class FunctionDefinition(_Value):
    """A function that the model may call."""

    name: str
    description: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    parameters: JsonSchema


class ToolConfiguration(_Value):
    """Which of a connector's tools may be called; all of them where neither list is there."""

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    requires_confirmation: tuple[str, ...] | None = None
    """Has no field in a manifest, and is read to notice that somebody else set it."""


class ProviderTool(_Value):
    """A tool that the provider runs itself."""

    type: str
    library_ids: tuple[str, ...] | None = None
    connector_id: str | None = None
    tool_configuration: Annotated[ToolConfiguration | None, BeforeValidator(_configuration)] = None


ToolDefinition = FunctionDefinition | ProviderTool


class RemoteTool(ProviderTool):
    """A tool of an agent, as the server shows it; `function` is set on the functions."""

    function: FunctionDefinition | None = None

    @classmethod
    def of(cls, tool: ToolDefinition) -> "RemoteTool":
        """Return the tool as a server shows it that was sent this one."""
        match tool:
            case FunctionDefinition():
                return cls(type="function", function=tool)
            case ProviderTool():
                return cls(**dict(tool))


class CompletionArguments(_Value):
    """How the model writes; None is the provider's default.

    The last two have no field in a manifest and are read to notice that somebody else set them.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    random_seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: Annotated[tuple[str, ...] | None, BeforeValidator(_one_or_many)] = None
    tool_choice: Annotated[str, BeforeValidator(lambda value: value or "auto")] = "auto"
    response_format: Annotated[JsonValue, BeforeValidator(_format_as_sent)] = None
    prediction: JsonValue = None
    reasoning_effort: JsonValue = None


class AgentDefinition(_Value):
    """Everything about a remote agent that a manifest decides."""

    model: str
    name: str
    description: str | None
    instructions: str | None
    tools: tuple[ToolDefinition, ...]
    completion: CompletionArguments
    handoffs: tuple[str, ...] | None = None
    """Ids of the agents that it may give the conversation to; None for none."""


@dataclass(frozen=True)
class AgentIdentity:
    """Whose remote agent it is; an Agent that was deleted and made again has the same one."""

    installation: str
    namespace: str
    name: str

    @property
    def remote_name(self) -> str:
        """What people read in Mistral's console; a namespace has no dot, so it ends at the first one."""
        return f"{self.namespace}.{self.name}"

    @property
    def metadata(self) -> Mapping[str, str]:
        """The pairs that a search is narrowed by."""
        return {INSTALLATION_KEY: self.installation, NAMESPACE_KEY: self.namespace, NAME_KEY: self.name}


_Mark = Annotated[str | None, BeforeValidator(_text_or_nothing)]


class Stamp(_Value):
    """The metadata that we put on a remote agent: whose it is, and the hash of what was sent."""

    installation: _Mark = Field(default=None, alias=INSTALLATION_KEY)
    namespace: _Mark = Field(default=None, alias=NAMESPACE_KEY)
    name: _Mark = Field(default=None, alias=NAME_KEY)
    uid: _Mark = Field(default=None, alias=UID_KEY)
    hash: _Mark = Field(default=None, alias=HASH_KEY)

    def pairs(self) -> dict[str, str]:
        """Return the metadata to send."""
        return self.model_dump(by_alias=True, exclude_none=True)

    def belongs_to(self, identity: AgentIdentity) -> bool:
        """Tell whether it says that the agent is this one's."""
        return (self.installation, self.namespace, self.name) == (
            identity.installation,
            identity.namespace,
            identity.name,
        )

    def is_foreign_to(self, identity: AgentIdentity) -> bool:
        """Tell whether it says that the agent is somebody else's; one without marks is nobody's."""
        pairs = (
            (self.installation, identity.installation),
            (self.namespace, identity.namespace),
            (self.name, identity.name),
        )
        return any(mark not in {None, own} for mark, own in pairs)


class MistralAgent(_Value):
    """A remote agent at its current version, read leniently: only id and version must be there."""

    id: str
    version: int
    model: Text = None
    name: Text = None
    description: Text = None
    instructions: Text = None
    tools: Annotated[tuple[RemoteTool, ...], BeforeValidator(lambda value: value or ())] = ()
    completion_args: Annotated[CompletionArguments, BeforeValidator(lambda value: value or {})] = (
        CompletionArguments()
    )
    handoffs: Annotated[tuple[str, ...] | None, BeforeValidator(_absent_when_empty)] = None
    stamp: Annotated[Stamp, BeforeValidator(lambda value: value or {})] = Field(
        default=Stamp(), alias="metadata"
    )

    def shows(self, definition: AgentDefinition) -> bool:
        """Tell whether its content is this definition, with what servers fill in taken as absent."""
        return (
            (self.model, self.name, self.description, self.instructions)
            == (definition.model, definition.name, definition.description, definition.instructions)
            # They are a set to the model, whatever order a server keeps them in.
            and sorted(self.handoffs or ()) == sorted(definition.handoffs or ())
            and self.tools == tuple(RemoteTool.of(tool) for tool in definition.tools)
            and self.completion_args == definition.completion
        )


class AgentPage(_Value):
    """A page of a list."""

    data: tuple[MistralAgent, ...]
    next_page_token: str | None = None
