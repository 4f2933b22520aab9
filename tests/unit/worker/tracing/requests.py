"""Calls of a run, as the workflow asks for them."""

from datetime import timedelta

from agents_crds.contract.mcp import McpTarget, StreamableHttpTransport
from agents_crds.contract.run import FunctionResult, ProviderSnapshot, RunReference
from agents_crds.contract.transcript import (
    CompletionOptions,
    InputMessage,
    LocalAgent,
    SaidMessage,
    TextPart,
)
from agents_worker.chat_messages import ChatRequest, SummaryRequest
from agents_worker.messages import (
    ConversationOpening,
    ConversationRestart,
    ConversationStart,
    McpToolCall,
    Origin,
    ResultsAppend,
    ToolCall,
)

TRACE, LOOP = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{LOOP}-01"
RUN = RunReference(namespace="team", name="rates-1", uid="u-1")
ORIGIN = Origin(run=RUN, agent="finance", model="mistral-medium-latest", traceparent=TRACEPARENT)
MISTRAL = ProviderSnapshot(name="default", url="https://api.mistral.ai", key_path="a/b", queue="q")
LOCAL = LocalAgent(
    model="qwen3",
    instructions="Be brief.",
    options=CompletionOptions(temperature=0.2, max_tokens=100, random_seed=7, stop=("END",)),
)
SAID = InputMessage(role="user", content=(TextPart(text="What is the rate?"),))

START = ConversationStart(
    agent_id="ag_1",
    agent_version=1,
    provider=MISTRAL,
    input="What is the rate?",
    metadata={},
    repeated=False,
    origin=ORIGIN,
)
APPEND = ResultsAppend(
    provider=MISTRAL,
    conversation_id="conv_1",
    results=(FunctionResult(tool_call_id="c1", text="4.5 %"),),
    messages=(SAID,),
    repeated=False,
    origin=ORIGIN,
)
RESTART = ConversationRestart(
    provider=MISTRAL,
    conversation_id="conv_1",
    from_entry="e1",
    agent_version=1,
    results=(),
    messages=(SAID,),
    metadata={},
    repeated=False,
    origin=ORIGIN,
)
OPENING = ConversationOpening(provider=MISTRAL, conversation_id="conv_1", origin=ORIGIN)
CHAT = ChatRequest(
    provider=ProviderSnapshot(
        name="own", url="http://vllm.ai:8000/v1", key_path="", queue="q", protocol="ChatCompletions"
    ),
    name="finance",
    agent=LOCAL,
    messages=(SaidMessage(message=SAID),),
    origin=ORIGIN,
)
SUMMARY = SummaryRequest.model_validate(CHAT.model_dump())
CALL = ToolCall(
    name="get_rate",
    arguments='{"year": 2023}',
    tool_call_id="c1",
    agent="finance",
    run=RUN,
    traceparent=TRACEPARENT,
)
MCP_CALL = McpToolCall(
    target=McpTarget(
        server="quotes",
        transport=StreamableHttpTransport(url="http://quotes/mcp", headers=()),
        connect_timeout=timedelta(seconds=1),
        call_timeout=timedelta(seconds=1),
    ),
    tool="quote",
    name="quotes_quote",
    arguments="{}",
    tool_call_id="c2",
    agent="finance",
    run=RUN,
    traceparent=TRACEPARENT,
)
