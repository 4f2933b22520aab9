"""The body of a chat completion as Mistral takes it."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tests.standin.base import Frozen
from tests.standin.chat_messages import Message
from tests.standin.tools import Function, FunctionTool, Guardrail, Prediction, ReasoningEffort, ResponseFormat


class FunctionName(Frozen):
    name: str


class NamedChoice(Frozen):
    """The choice of one function, which must be called."""

    type: Literal["function"] = "function"
    function: FunctionName


class Asked(Frozen):
    """What is asked of the model, in whichever dialect. The other sampling arguments have no effect."""

    model: str
    messages: tuple[Message, ...]
    functions: tuple[Function, ...] = ()
    choice: Literal["auto", "none", "any", "required"] | NamedChoice = "auto"
    form: ResponseFormat | None = None
    parallel: bool = True
    max_tokens: int | None = None
    number: int = 1


class ChatRequest(Frozen):
    """As in the API's description and its SDK; of the tools, functions only."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = Field(default=None, ge=0, le=1.5)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=0)
    stream: bool = False
    stop: str | tuple[str, ...] | None = None
    random_seed: int | None = Field(default=None, ge=0)
    metadata: dict[str, JsonValue] | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[tuple[FunctionTool, ...], Field(max_length=128)] | None = None
    tool_choice: Literal["auto", "none", "any", "required"] | NamedChoice | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    min_tokens: int | None = None
    repetition_penalty: float | None = None
    top_k: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    prompt_logprobs: bool | None = None
    top_prompt_logprobs: int | None = None
    n: int | None = Field(default=None, ge=1)
    prediction: Prediction | None = None
    parallel_tool_calls: bool = True
    reasoning_effort: ReasoningEffort | None = None
    prompt_mode: Literal["reasoning"] | None = None
    guardrails: tuple[Guardrail, ...] | None = None
    prompt_cache_key: str | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    safe_prompt: bool = False

    def asked(self) -> Asked:
        """Give what the model needs."""
        return Asked(
            model=self.model,
            messages=self.messages,
            functions=tuple(tool.function for tool in self.tools or ()),
            choice=self.tool_choice or "auto",
            form=self.response_format,
            parallel=self.parallel_tool_calls,
            max_tokens=self.max_tokens,
            number=self.n or 1,
        )
