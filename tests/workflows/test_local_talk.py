"""What people say to a run of a Local session."""

import asyncio

import pytest

from agents_crds.contract.asking import ASK_USER_TOOL
from agents_crds.v1alpha1.conditions import Reason
from tests.standin.scenario import Scenario, ScriptedText
from tests.workflows.bench import Bench
from tests.workflows.local_agents import PROTOCOLS, Protocol, chat_path, local_agent, results_told
from tests.workflows.speaking import ask, say, shown, waiting_loop
from tests.workflows.test_local_session import DONE, LOOK, script, turn

pytestmark = pytest.mark.asyncio(loop_scope="session")

both = pytest.mark.parametrize("protocol", PROTOCOLS)


@both
async def test_a_model_asks_and_goes_on_with_the_answer(bench: Bench, protocol: Protocol) -> None:
    bench.standin.set_scenario(Scenario(scripts=(script(turn(LOOK, ask("Which year?")), turn(DONE)),)))
    agent = local_agent(bench, "get_rate", functions=(ASK_USER_TOOL,), protocol=protocol)
    handle = await bench.start_loop(waiting_loop(agent).model_copy(update={"state_attribute": False}))
    await shown(handle, "WaitingForInput", "Which year?")
    await say(handle, "year", "2023")
    assert (await bench.finished(handle)).result.reason == Reason.SUCCEEDED
    assert results_told(bench) == ["4.25", "2023"]


@both
async def test_what_is_said_meanwhile_reaches_the_model_beside_results_and_after_an_answer(
    bench: Bench, protocol: Protocol
) -> None:
    bench.standin.set_scenario(
        Scenario(scripts=(script(turn(LOOK), turn(ScriptedText(text="So it is.")), turn(DONE)),))
    )
    first = bench.standin.hold("POST", chat_path(protocol), times=1)
    second = bench.standin.hold("POST", chat_path(protocol), times=1, nth=2)
    handle = await bench.start(local_agent(bench, "get_rate", protocol=protocol), "Look")
    for number, held in enumerate((first, second)):
        await asyncio.to_thread(bench.standin.wait_until_held, held)
        await say(handle, str(number), f"Word {number}.")
        bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.told) == (Reason.SUCCEEDED, "It was 4.25.", ("0", "1"))
    assert results_told(bench) == ["4.25\n\n[The user says meanwhile: Word 0.]"]
    [chat] = bench.standin.chats()
    assert {"role": "user", "content": "Word 1."} in chat.request["messages"]  # type: ignore[operator]
