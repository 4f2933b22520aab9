"""A streaming request receives the same answer in events."""

import httpx2
import pytest
from mistralai.client import Mistral, models

from tests.standin.control import START, StandIn
from tests.standin.faults import LoseResponse
from tests.unit.standin.samples import KEY, MODEL, QUESTION, WEB_SEARCH, create_agent, result


def test_the_events_of_a_call_and_of_a_text_join_to_the_answer(mistral: Mistral, standin: StandIn) -> None:
    agent = create_agent(mistral)
    with mistral.beta.conversations.start_stream(agent_id=agent.id, inputs=QUESTION) as stream:
        events = [event.data for event in stream]
    first, *deltas, last = events
    assert isinstance(first, models.ResponseStartedEvent)
    assert isinstance(last, models.ResponseDoneEvent)
    calls = [delta for delta in deltas if isinstance(delta, models.FunctionCallEvent)]
    assert len(calls) == len(deltas) > 1
    assert "".join(call.arguments for call in calls) == '{"bank": "ECB", "year": 2023}'
    with mistral.beta.conversations.append_stream(
        conversation_id=first.conversation_id, inputs=[result(calls[0].tool_call_id, "4.5%")]
    ) as stream:
        texts = [event.data for event in stream if isinstance(event.data, models.MessageOutputEvent)]
    assert "4.5%" in "".join(str(text.content) for text in texts)
    assert standin.counters().conversations[first.conversation_id].total_tokens > (
        last.usage.total_tokens or 0
    )


def test_a_restart_can_be_streamed(mistral: Mistral) -> None:
    started = mistral.beta.conversations.start(model=MODEL, inputs="hi")
    with mistral.beta.conversations.restart_stream(
        conversation_id=started.conversation_id, from_entry_id=started.outputs[-1].id or "", inputs="other"
    ) as stream:
        texts = [event.data for event in stream if isinstance(event.data, models.MessageOutputEvent)]
    assert "other" in "".join(str(text.content) for text in texts)


def test_a_stream_ends_without_a_sentinel(standin: StandIn) -> None:
    response = httpx2.post(
        f"{standin.url}/v1/conversations",
        json={"model": MODEL, "inputs": "hi", "stream": True},
        headers={"authorization": f"Bearer {KEY}"},
    )
    assert response.headers["content-type"].startswith("text/event-stream")
    assert "[DONE]" not in response.text
    assert response.text.rstrip().rpartition("event: ")[2].startswith("conversation.response.done")


def test_a_stream_can_break_off_after_the_side_effect(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, LoseResponse(after_events=2))
    seen: list[object] = []
    with (
        pytest.raises(httpx2.TransportError),
        mistral.beta.conversations.start_stream(model=MODEL, inputs="hi") as stream,
    ):
        seen.extend(event.data for event in stream)
    assert len(standin.conversations()) == 1


def test_an_execution_and_the_pieces_of_its_message_are_streamed(mistral: Mistral) -> None:
    with mistral.beta.conversations.start_stream(
        model=MODEL, inputs="Search the web for otters", tools=[WEB_SEARCH]
    ) as stream:
        events = [event.data for event in stream]
    (began,) = (event for event in events if isinstance(event, models.ToolExecutionStartedEvent))
    deltas = [event for event in events if isinstance(event, models.ToolExecutionDeltaEvent)]
    (ended,) = (event for event in events if isinstance(event, models.ToolExecutionDoneEvent))
    assert {began.name, ended.name, *(delta.name for delta in deltas)} == {"web_search"}
    assert "".join(delta.arguments for delta in deltas) == '{"query": "Search the web for otters"}'
    assert "otters" in str(ended.info)
    said = [event for event in events if isinstance(event, models.MessageOutputEvent)]
    assert {event.output_index for event in said} == {1}
    cited = [event for event in said if isinstance(event.content, models.ToolReferenceChunk)]
    assert [event.content_index for event in cited] == [1]
    texts = "".join(event.content for event in said if isinstance(event.content, str))
    assert texts.startswith("Here is what I found: web_search(")
    assert texts.endswith(".")
    last = events[-1]
    assert isinstance(last, models.ResponseDoneEvent)
    assert last.usage.connectors == {"web_search": 1}
