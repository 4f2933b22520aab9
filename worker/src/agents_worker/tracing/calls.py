"""Model and tool calls as spans; pure.

Names and attributes are those of OpenTelemetry's conventions for generative AI, as far as these have them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from agents_crds.contract.run import ProviderSnapshot, RunReference, Usage
from agents_crds.contract.transcript import LocalAgent
from agents_crds.telemetry.about import run_fields
from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.spans import Attributes, Value
from agents_worker.chat_messages import ChatAnswer, ChatRequest, SummaryRequest
from agents_worker.messages import (
    ConversationOpening,
    ConversationRestart,
    ConversationStart,
    Execution,
    Handoff,
    McpToolCall,
    ModelAnswer,
    Origin,
    ResultsAppend,
    ToolCall,
    ToolResult,
)

ModelRequest = ConversationStart | ResultsAppend | ConversationRestart | ConversationOpening | ChatRequest
Request = ModelRequest | ToolCall | McpToolCall

_MISTRAL = "mistral_ai"
# Who speaks the protocol of chat completions, where its address tells; any other passes for OpenAI.
_PROVIDERS = {
    "api.mistral.ai": _MISTRAL,
    "api.anthropic.com": "anthropic",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Call:
    """A call as it begins."""

    name: str
    attributes: Attributes
    place: TraceContext | None
    """Below which it is told; None where the loop is in no trace."""
    about: Mapping[str, str]
    """What lines of the log about it tell."""
    asks_provider: bool


def call_of(request: object) -> Call | None:
    """Describe a call; None where a request is none of a loop's."""
    match request:
        case ToolCall():
            return _tool_call(request, {"gen_ai.tool.type": "function"})
        case McpToolCall(target=target):
            return _tool_call(
                request, {"gen_ai.tool.type": "extension", "durable_agents.mcp_server": target.server}
            )
        case ChatRequest():
            return _model_call("chat", request, _chat_attributes(request))
        case ConversationStart() | ResultsAppend() | ConversationRestart():
            return _model_call("chat", request, _conversation_attributes(request))
        case ConversationOpening(conversation_id=conversation):
            return _model_call("open_conversation", request, {"gen_ai.conversation.id": conversation})
        case _:
            return None


def answer_attributes(answer: object) -> Attributes:
    """Say what a call brought."""
    match answer:
        case ChatAnswer(message=_, usage=usage, repeated=repeated, model=model, finish_reason=reason):
            more: Attributes = {"gen_ai.response.finish_reasons": (reason,)} if reason else {}
            return {**_answered(model, usage, repeated), **more}
        case ModelAnswer(conversation_id=conversation, usage=usage, repeated=repeated, model=model):
            return {
                **_answered(model, usage, repeated),
                **({"gen_ai.conversation.id": conversation} if conversation else {}),
                **dict(_done_by_provider(answer)),
            }
        case _:
            return {}


def failure_of(answer: object) -> str:
    """Name the kind of failure that an answer is; empty for any other."""
    return answer.failed if isinstance(answer, ToolResult) else ""


def with_place(request: Request, place: TraceContext) -> Request:
    """Tell a tool its place in the trace; a provider is told none."""
    match request:
        case ToolCall() | McpToolCall():
            return request.model_copy(update={"traceparent": str(place)})
        case _:
            return request


def _tool_call(call: ToolCall | McpToolCall, more: Attributes) -> Call:
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.name,
        **({"gen_ai.tool.call.id": call.tool_call_id} if call.tool_call_id else {}),
        **more,
        **_run_attributes(call.run, call.agent),
    }
    place = TraceContext.read(call.traceparent)
    about = {**run_fields(call.run, call.agent, call.traceparent), "tool": call.name}
    return Call(f"execute_tool {call.name}", attributes, place, about, asks_provider=False)


def _model_call(operation: str, request: ModelRequest, more: Attributes) -> Call:
    origin, provider = request.origin, request.provider
    model = _model(request, origin)
    attributes = {
        **({"gen_ai.operation.name": operation} if operation == "chat" else {}),
        **_provider_attributes(provider),
        **({"gen_ai.request.model": model} if model else {}),
        **more,
        **_run_attributes(origin.run, origin.agent),
    }
    place = TraceContext.read(origin.traceparent)
    name = " ".join(filter(None, (operation, model)))
    about = run_fields(origin.run, origin.agent, origin.traceparent)
    return Call(name, attributes, place, about, asks_provider=True)


def _model(request: ModelRequest, origin: Origin) -> str:
    return request.agent.model if isinstance(request, ChatRequest) else origin.model


def _conversation_attributes(request: ConversationStart | ResultsAppend | ConversationRestart) -> Attributes:
    match request:
        case ConversationStart(agent_id=agent):
            return {"gen_ai.agent.id": agent}
        case ResultsAppend(conversation_id=conversation):
            return {"gen_ai.conversation.id": conversation}
        case ConversationRestart(conversation_id=conversation):
            return {"durable_agents.branched_off": conversation}


def _chat_attributes(request: ChatRequest) -> Attributes:
    return {
        **({"gen_ai.output.type": "json"} if request.output_schema is not None else {}),
        **({"durable_agents.purpose": "summary"} if isinstance(request, SummaryRequest) else {}),
        **dict(_options(request.agent)),
    }


def _options(agent: LocalAgent) -> Iterator[tuple[str, Value]]:
    options = agent.options
    for name, value in (
        ("temperature", options.temperature),
        ("top_p", options.top_p),
        ("max_tokens", options.max_tokens),
        ("seed", options.random_seed),
        ("presence_penalty", options.presence_penalty),
        ("frequency_penalty", options.frequency_penalty),
        ("stop_sequences", options.stop),
    ):
        if value is not None:
            yield f"gen_ai.request.{name}", value


def _provider_attributes(provider: ProviderSnapshot) -> Attributes:
    url = urlsplit(provider.url)
    host = url.hostname or ""
    port = url.port or _PORTS.get(url.scheme)
    of_protocol = _MISTRAL if provider.protocol == "Mistral" else "openai"
    return {
        "gen_ai.provider.name": _PROVIDERS.get(host, of_protocol),
        "server.address": host,
        **({"server.port": port} if port else {}),
        "durable_agents.model_provider": provider.name,
    }


def _run_attributes(run: RunReference | None, agent: str) -> Attributes:
    told: dict[str, Value] = {"gen_ai.agent.name": agent} if agent else {}
    if run is not None:
        told["k8s.namespace.name"] = run.namespace
        told["durable_agents.run.name"] = run.name
        told["durable_agents.run.uid"] = run.uid
    return told


def _answered(model: str, usage: Usage, repeated: int) -> Attributes:
    told: dict[str, Value] = {"gen_ai.response.model": model} if model else {}
    if usage.prompt_tokens or usage.completion_tokens:
        told["gen_ai.usage.input_tokens"] = usage.prompt_tokens
        told["gen_ai.usage.output_tokens"] = usage.completion_tokens
    if repeated:
        told["durable_agents.repeated_calls"] = repeated
    return told


def _done_by_provider(answer: ModelAnswer) -> Iterator[tuple[str, Value]]:
    tools = tuple(each.name for each in answer.entries if isinstance(each, Execution))
    handoffs = tuple(each.next_name or each.next_id for each in answer.entries if isinstance(each, Handoff))
    if tools:
        yield "durable_agents.provider_tools", tools
    if handoffs:
        yield "durable_agents.handoffs", handoffs
