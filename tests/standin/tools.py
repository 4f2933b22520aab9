"""The tools and sampling arguments of agents, with the defaults that the server fills in."""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from tests.standin.base import Frozen


class ToolConfiguration(Frozen):
    """Which of a tool's functions may be called: those included, or all but those excluded."""

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    requires_confirmation: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.include is not None and self.exclude is not None:
            raise ValueError("include and exclude are mutually exclusive")
        return self


class Function(Frozen):
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str = ""
    strict: bool = False
    parameters: dict[str, JsonValue]


class FunctionTool(Frozen):
    type: Literal["function"]
    function: Function


class BuiltinTool(Frozen):
    type: Literal["web_search", "web_search_premium", "code_interpreter", "image_generation"]
    tool_configuration: ToolConfiguration | None = None


class DocumentLibraryTool(Frozen):
    type: Literal["document_library"]
    library_ids: tuple[str, ...] = Field(min_length=1)
    tool_configuration: ToolConfiguration | None = None


class ConnectorAuthorization(Frozen):
    type: Literal["oauth2-token", "api-key"]
    value: str


class ConnectorTool(Frozen):
    type: Literal["connector"]
    connector_id: str
    authorization: ConnectorAuthorization | None = None
    tool_configuration: ToolConfiguration | None = None


Tool = Annotated[
    FunctionTool | BuiltinTool | DocumentLibraryTool | ConnectorTool, Field(discriminator="type")
]
Tools = Annotated[tuple[Tool, ...], Field(max_length=128)]


class JsonSchemaFormat(Frozen):
    name: str
    schema_definition: dict[str, JsonValue] = Field(alias="schema")
    description: str | None = None
    strict: bool = False


class ResponseFormat(Frozen):
    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchemaFormat | None = None


class Prediction(Frozen):
    type: Literal["content"] = "content"
    content: str = ""


ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class CompletionArgs(Frozen):
    stop: str | tuple[str, ...] | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=0)
    random_seed: int | None = Field(default=None, ge=0)
    prediction: Prediction | None = None
    response_format: ResponseFormat | None = None
    tool_choice: Literal["auto", "none", "any", "required"] = "auto"
    reasoning_effort: ReasoningEffort | None = None


class Guardrail(Frozen):
    block_on_error: bool = False
    moderation_llm_v1: dict[str, JsonValue] | None = None
    moderation_llm_v2: dict[str, JsonValue] | None = None
