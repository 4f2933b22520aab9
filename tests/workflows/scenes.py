"""The runs whose histories are stored: each shows what the loop can come to."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agents_crds.contract.asking import ASK_USER_TOOL
from agents_crds.contract.child import ChildLoop
from agents_crds.contract.names import (
    AGENT_LOOP_WORKFLOW,
    STOP_SIGNAL,
    handoff_tool_name,
    loop_workflow_id,
)
from agents_crds.v1alpha1.fields import JsonSchema
from tests.standin.control import APPEND, CHAT, START
from tests.standin.faults import AnswerWith, LoseResponse
from tests.standin.scenario import (
    Scenario,
    Script,
    ScriptedCall,
    ScriptedExecution,
    ScriptedHandoff,
    ScriptedStep,
    ScriptedText,
    ScriptedTurn,
)
from tests.workflows import test_continued, test_continued_transcripts
from tests.workflows.bench import POOL_QUEUE, Bench, Handle, loop_input
from tests.workflows.local_agents import local_agent
from tests.workflows.other_pool import QUOTE, QUOTES, with_quotes
from tests.workflows.speaking import ask, asking, say, shown, waiting_loop

_FOLLOWER = "follower"
_MODEL = "a-small-model"
_LOOK = ScriptedCall(call="get_rate", arguments={"year": 2023})
_QUOTE = ScriptedCall(call=QUOTE, arguments={"symbol": "ECB"})
_SCHEMA = JsonSchema(
    {"type": "object", "properties": {"rate": {"type": "number"}}, "additionalProperties": {"type": "null"}}
)


def _turn(*steps: ScriptedStep, thought: str = "", repeat: int = 1) -> ScriptedTurn:
    return ScriptedTurn(steps=steps, thought=thought, repeat=repeat)


_DONE = _turn(ScriptedText(text="Done."))


def _direct(bench: Bench, *scripts: Script) -> None:
    bench.standin.set_scenario(Scenario(scripts=scripts))


async def _in_call(bench: Bench, handle: Handle, hold: str, words: str) -> None:
    """Say something while a model call is held, then let it go on."""
    await asyncio.to_thread(bench.standin.wait_until_held, hold)
    await say(handle, words, f"Mind {words}.")
    bench.standin.release(hold)


async def _tools_and_a_429(bench: Bench) -> Handle:
    """Call tools of every kind in one turn, then wait for the provider."""
    bench.standin.fail("POST", APPEND, AnswerWith(status=429))
    shout = ScriptedCall(call="plain_activity", arguments={"word": "loud"})
    rob = ScriptedCall(call="rob_bank", arguments={})
    _direct(bench, Script(turns=(_turn(_LOOK, shout, rob), _DONE)))
    return await bench.start(await bench.agent("get_rate", "plain_activity"), "Look")


async def _repeated_calls_and_a_correction(bench: Bench) -> Handle:
    """Do the same three times, then answer in another form than was asked for."""
    wrong = _turn(ScriptedText(text='{"rate": "high", "b": 1, "a": 2}'))
    _direct(bench, Script(turns=(_turn(_LOOK, repeat=3), wrong)))
    return await bench.start(await bench.agent("get_rate", schema=_SCHEMA), "Look")


async def _handoffs_servers_and_a_denial(bench: Bench) -> Handle:
    """Hand over to an agent with tools of servers, and back."""
    agent, follower = await bench.agent("get_rate"), with_quotes(await bench.agent(name=_FOLLOWER))
    agent, follower = await bench.linked(agent, follower), await bench.linked(follower, agent)
    search = ScriptedExecution(execute="web_search", arguments={"query": "ECB"})
    mail = ScriptedExecution(execute="mail", function="send_mail", arguments={}, confirm=True)
    names = bench.remote_name("agent"), bench.remote_name(_FOLLOWER)
    back, over = (_turn(ScriptedHandoff(handoff=name)) for name in names)
    first = (_turn(ScriptedText(text="I ask."), _LOOK), over, _DONE)
    second = (_turn(search, _QUOTE, mail), back)
    _direct(bench, Script(agent=names[0], turns=first), Script(agent=names[1], turns=second))
    return await bench.start_loop(loop_input(agent, "Look", follower, mcp_servers=(QUOTES,)))


async def _a_lost_append_and_a_spent_budget(bench: Bench) -> Handle:
    """Lose the answer to tool results; spend all tokens a turn later."""
    bench.standin.fail("POST", APPEND, LoseResponse())
    turn = ScriptedTurn(steps=(_LOOK,), repeat=4, prompt_tokens=10, completion_tokens=10)
    _direct(bench, Script(turns=(turn,)))
    return await bench.start(await bench.agent("get_rate"), "Look", max_total_tokens=50)


async def _a_cancelled_call(bench: Bench) -> Handle:
    """Cancel the run in the middle of a model call."""
    _direct(bench, Script(turns=(_turn(_LOOK), _DONE)))
    held = bench.standin.hold("POST", APPEND)
    handle = await bench.start(await bench.agent("get_rate"), "Look")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.cancel()
    return handle


async def _new_executions(bench: Bench) -> Handle:
    """Go on in new executions, with results to tell."""
    look = ScriptedCall(call="get_rate", arguments={"year": "{turn}"})
    _direct(bench, Script(turns=(_turn(ScriptedText(text="I look."), look, repeat=7), _DONE)))
    return await bench.start(await bench.agent("get_rate"), "Look", max_turns=8)


async def _a_question_a_long_wait_and_a_stop(bench: Bench) -> Handle:
    """Ask a person, be told, wait for the provider, be stopped."""
    bench.standin.fail("POST", APPEND, AnswerWith(status=429, headers={"retry-after": "7200"}))
    _direct(bench, Script(turns=(_turn(ask("Which year?"), _LOOK),)))
    handle = await bench.start_loop(waiting_loop(await asking(bench, "get_rate")))
    await shown(handle, "WaitingForInput")
    await say(handle, "year", "2023")
    await shown(handle, "Waiting")
    await handle.signal(STOP_SIGNAL)
    return handle


async def _words_with_results_and_after_the_answer(bench: Bench) -> Handle:
    """Hear people while the model works."""
    _direct(bench, Script(turns=(_turn(_LOOK), _DONE)))
    first, second = bench.standin.hold("POST", START), bench.standin.hold("POST", APPEND, times=1)
    handle = await bench.start(await bench.agent("get_rate"), "Look")
    await _in_call(bench, handle, first, "the year")
    await _in_call(bench, handle, second, "the rate")
    return handle


async def _a_continued_conversation(bench: Bench) -> Handle:
    """Go on in the conversation of a run that is over."""
    agent = await bench.agent("get_rate")
    handle, ended, _ = await test_continued.first_run(bench, agent)
    return await bench.start_loop(test_continued.following(agent, handle, ended))


async def _a_branch_of_a_conversation(bench: Bench) -> Handle:
    """Branch off from it instead."""
    agent = await bench.agent("get_rate")
    handle, ended, _ = await test_continued.first_run(bench, agent)
    return await bench.start_loop(test_continued.following(agent, handle, ended, fork=True))


async def _a_continued_transcript(bench: Bench) -> Handle:
    """Do the same in a Local session."""
    agent = local_agent(bench, "get_rate")
    handle, _ = await test_continued_transcripts.first_run(bench, agent)
    return await bench.start_loop(test_continued_transcripts.following(agent, handle))


async def _a_local_session_with_handoffs_and_a_summary(bench: Bench) -> Handle:
    """Outgrow a small window, lose an answer, hand over to an agent with tools of a server, and back."""
    bench.standin.set_window(_MODEL, 1_000)
    bench.standin.fail("POST", CHAT, LoseResponse(), nth=2)
    agent = local_agent(bench, "get_rate", "novel", handoffs=(_FOLLOWER,), model=_MODEL, polling=True)
    follower = with_quotes(local_agent(bench, name=_FOLLOWER, handoffs=("agent",), model=_MODEL))
    novel = ScriptedCall(call="novel", arguments={"letters": 1_500})
    over, back = (ScriptedCall(call=handoff_tool_name(name), arguments={}) for name in (_FOLLOWER, "agent"))
    first = (_turn(novel, thought="Hm.", repeat=3), _turn(_LOOK, over), _DONE)
    _direct(
        bench,
        Script(input="You are the agent agent,", turns=first),
        Script(input=f"You are the agent {_FOLLOWER},", turns=(_turn(_QUOTE), _turn(back))),
    )
    return await bench.start_loop(loop_input(agent, "Look", follower, mcp_servers=(QUOTES,)))


async def _a_local_session_that_asks(bench: Bench) -> Handle:
    """Ask a person in a Local session, and hear more after the answer."""
    _direct(bench, Script(turns=(_turn(ask("Which year?"), _LOOK), _DONE)))
    held = bench.standin.hold("POST", CHAT, nth=2, times=1)
    handle = await bench.start_loop(waiting_loop(local_agent(bench, "get_rate", functions=(ASK_USER_TOOL,))))
    await shown(handle, "WaitingForInput")
    await say(handle, "year", "2023")
    await _in_call(bench, handle, held, "the rate")
    return handle


async def _a_child_of_a_users_own_workflow(bench: Bench) -> Handle:
    """Run the loop alone, which is told something and stopped."""
    _direct(bench, Script(turns=(_turn(_LOOK, repeat=3), _DONE)))
    first, second = bench.standin.hold("POST", START), bench.standin.hold("POST", APPEND, times=1)
    loop = loop_input(await bench.agent("get_rate"), "Look")
    handle = await bench.client.start_workflow(
        AGENT_LOOP_WORKFLOW,
        ChildLoop(loop=loop),
        id=loop_workflow_id("test", "ns", str(uuid.uuid4())),
        task_queue=POOL_QUEUE,
    )
    await _in_call(bench, handle, first, "the year")
    await asyncio.to_thread(bench.standin.wait_until_held, second)
    await handle.signal(STOP_SIGNAL)
    bench.standin.release(second)
    return handle


@dataclass(frozen=True)
class Scene:
    """A run, and whether its executions are short."""

    begin: Callable[[Bench], Awaitable[Handle]]
    """Does all but wait for its end."""
    is_short: bool = False


SCENES: Mapping[str, Scene] = {
    "tools_and_a_429": Scene(_tools_and_a_429),
    "repeated_calls_and_a_correction": Scene(_repeated_calls_and_a_correction),
    "handoffs_servers_and_a_denial": Scene(_handoffs_servers_and_a_denial),
    "a_lost_append_and_a_spent_budget": Scene(_a_lost_append_and_a_spent_budget),
    "a_cancelled_call": Scene(_a_cancelled_call),
    "new_executions": Scene(_new_executions, is_short=True),
    "a_question_a_long_wait_and_a_stop": Scene(_a_question_a_long_wait_and_a_stop),
    "words_with_results_and_after_the_answer": Scene(_words_with_results_and_after_the_answer),
    "a_continued_conversation": Scene(_a_continued_conversation),
    "a_branch_of_a_conversation": Scene(_a_branch_of_a_conversation),
    "a_continued_transcript": Scene(_a_continued_transcript),
    "a_local_session_with_handoffs_and_a_summary": Scene(_a_local_session_with_handoffs_and_a_summary),
    "new_executions_of_a_local_session": Scene(_a_local_session_with_handoffs_and_a_summary, is_short=True),
    "a_local_session_that_asks": Scene(_a_local_session_that_asks),
    "a_child_of_a_users_own_workflow": Scene(_a_child_of_a_users_own_workflow),
}
