"""What a run tells about itself, and what it begins with."""

import pytest

from agents_crds.contract.entries import (
    FileContent,
    MessageEntry,
    OtherEntry,
    ReferenceContent,
    TextContent,
    ToolCallEntry,
    ToolExecutionEntry,
)
from agents_crds.contract.transcript import ImagePart, InputMessage, TextPart
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.repetition import STOPPED_AFTER
from tests.standin.chunks import ToolFileChunk, ToolReferenceChunk, image_urls
from tests.standin.control import APPEND, START
from tests.standin.entries import FunctionCall, MessageInput
from tests.standin.faults import AddUnknownEntry, AnswerWith, Cut, LoseResponse
from tests.standin.scenario import (
    Scenario,
    Script,
    ScriptedCall,
    ScriptedExecution,
    ScriptedStep,
    ScriptedText,
    ScriptedTurn,
)
from tests.workflows.bench import Bench, loop_input

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOK = ScriptedCall(call="get_rate", arguments={"year": 2023})
MAIL = ScriptedExecution(execute="mail", function="send_mail", arguments={"to": "ada"}, confirm=True)
DONE = ScriptedText(text="Done.")


def script(*turns: tuple[ScriptedStep, ...], repeat: int = 1) -> Scenario:
    return Scenario(
        scripts=(Script(turns=tuple(ScriptedTurn(steps=steps, repeat=repeat) for steps in turns)),)
    )


async def test_what_the_providers_tools_did_is_told_in_order(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(
        script(
            (
                ScriptedExecution(execute="web_search", arguments={"query": "ECB"}, info={"found": 2}),
                ScriptedText(text="I look."),
                LOOK,
            ),
            (
                ScriptedExecution(
                    execute="code_interpreter", arguments={"code": "1+1"}, info={"output": "2"}
                ),
                ScriptedText(
                    text="See this.",
                    references=(ToolReferenceChunk(tool="web_search", title="ECB", url="http://ecb.test"),),
                    files=(
                        ToolFileChunk(
                            tool="image_generation", file_id="f1", file_name="plot", file_type="png"
                        ),
                    ),
                ),
            ),
        )
    )
    result = (await bench.run(agent, "Look")).result
    assert (result.reason, result.text) == (Reason.SUCCEEDED, "See this.")
    assert (result.path, result.answered_by, result.entries_omitted) == (("agent",), "agent", 0)
    assert result.entries == (
        ToolExecutionEntry(agent="agent", name="web_search", arguments='{"query": "ECB"}', info={"found": 2}),
        MessageEntry(agent="agent", content=(TextContent(text="I look."),)),
        ToolCallEntry(agent="agent", name="get_rate", arguments='{"year": 2023}', result="4.25"),
        ToolExecutionEntry(
            agent="agent", name="code_interpreter", arguments='{"code": "1+1"}', info={"output": "2"}
        ),
        MessageEntry(
            agent="agent",
            content=(
                TextContent(text="See this."),
                ReferenceContent(tool="web_search", title="ECB", url="http://ecb.test"),
                FileContent(tool="image_generation", id="f1", name="plot", media_type="png"),
            ),
        ),
    )


async def test_an_entry_of_an_unknown_kind_is_told_as_such(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", APPEND, AddUnknownEntry())
    result = (await bench.run(agent, "What was the interest rate in 2023?")).result
    assert result.reason == Reason.SUCCEEDED
    assert {entry.type for entry in result.entries} == {"toolCall", "other", "message"}
    assert OtherEntry(agent="agent", kind="agent.reflection") in result.entries


async def test_a_call_that_waits_for_a_confirmation_is_denied_beside_the_results(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(script((MAIL, LOOK), (DONE,)))
    result = (await bench.run(agent, "Mail it")).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 2)
    assert bench.results() == ["4.25"]
    [conversation] = bench.standin.conversations()
    asked = [entry for entry in conversation.entries if isinstance(entry, FunctionCall)]
    assert [call.confirmation_status for call in asked] == ["denied", None]
    mail, look, _ = result.entries
    assert isinstance(mail, ToolCallEntry)
    assert isinstance(look, ToolCallEntry)
    assert (mail.name, mail.denied, look.denied, look.result) == ("send_mail", True, False, "4.25")
    assert mail.result.startswith("denied: ")
    assert "approvals are not built yet" in mail.result


@pytest.mark.parametrize("steps", [(MAIL,), (MAIL, LOOK)], ids=["alone", "beside a result"])
@pytest.mark.parametrize(
    "fault",
    [LoseResponse(), Cut(), AnswerWith(status=200, body="<html>"), AnswerWith(status=429)],
    ids=["answer lost", "request lost", "answer unreadable", "throttled"],
)
async def test_a_denial_whose_answer_is_lost_is_given_once(
    bench: Bench, fault: LoseResponse | Cut | AnswerWith, steps: tuple[ScriptedStep, ...]
) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(script(steps, (DONE,)))
    bench.standin.fail("POST", APPEND, fault)
    result = (await bench.run(agent, "Mail it")).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 2)
    counters = bench.standin.counters()
    assert (counters.confirmations, counters.appends, counters.executions) == (1, 1, 0)
    assert counters.function_results == len(steps) - 1


async def test_words_after_a_denied_call_are_not_taken_for_the_answer_that_was_lost(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.set_scenario(script((MAIL, ScriptedText(text="I mail it.")), (DONE,)))
    bench.standin.fail("POST", APPEND, LoseResponse())
    result = (await bench.run(agent, "Mail it")).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 2)
    assert [entry.type for entry in result.entries] == ["toolCall", "message", "message"]


async def test_a_model_that_asks_again_for_what_was_denied_is_stopped(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.set_scenario(script((MAIL,), repeat=50))
    result = (await bench.run(agent, "Mail it", max_turns=50)).result
    assert (result.reason, result.turns) == (Reason.STUCK_IN_LOOP, STOPPED_AFTER)
    assert "send_mail with the same arguments" in result.message
    assert "is denied" in result.message
    assert all(isinstance(entry, ToolCallEntry) and entry.denied for entry in result.entries)


async def test_a_run_may_begin_with_several_messages_and_images(bench: Bench) -> None:
    agent = await bench.agent()
    cat = "https://example.com/cat.png"
    messages = (
        InputMessage(role="user", content=(TextPart(text="Who are you?"),)),
        InputMessage(role="assistant", content=(TextPart(text="A friend of cats."),)),
        InputMessage(role="user", content=(TextPart(text="What is it?"), ImagePart(url=cat))),
    )
    bench.standin.fail("POST", START, LoseResponse())
    loop = loop_input(agent, "").model_copy(update={"messages": messages})
    result = (await bench.run_loop(loop)).result
    assert result.reason == Reason.SUCCEEDED
    [conversation] = bench.standin.conversations()
    sent = [entry for entry in conversation.entries if isinstance(entry, MessageInput)]
    assert [entry.role for entry in sent] == ["user", "assistant", "user"]
    assert image_urls(sent[-1].content) == (cat,)
    assert bench.standin.counters().conversations_created == 1
