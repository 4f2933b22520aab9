"""How the loop calls the tools of MCP servers."""

import pytest

from agents_crds.contract.run import AgentSnapshot, RunReference
from agents_crds.v1alpha1.conditions import Reason
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import Bench, loop_input
from tests.workflows.other_pool import OTHER_QUEUE, QUOTE, QUOTES, OtherPool, with_quotes
from tests.workflows.temporal import queues_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL = ScriptedCall(call=QUOTE, arguments={"symbol": "ECB"})
ECB = '{"symbol": "ECB"}'


async def quoting(bench: Bench) -> AgentSnapshot:
    """Make an agent that has a function and the tool of a server."""
    return with_quotes(await bench.agent("get_rate"))


def calling(*calls: ScriptedCall) -> Scenario:
    return Scenario(
        scripts=(
            Script(turns=(ScriptedTurn(steps=calls), ScriptedTurn(steps=(ScriptedText(text="Done."),)))),
        )
    )


async def test_a_tool_of_a_server_is_called_on_the_servers_pool(bench: Bench, other_pool: OtherPool) -> None:
    agent = await quoting(bench)
    bench.standin.set_scenario(calling(CALL, ScriptedCall(call="get_rate", arguments={"year": 2023})))
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    loop = loop_input(agent, "Look", mcp_servers=(QUOTES,)).model_copy(
        update={"traceparent": trace, "run": RunReference(namespace="ns", name="run-1", uid="u1")}
    )
    other_pool.mcp_calls.clear()
    handle = await bench.start_loop(loop)
    outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert bench.results() == [f"quotes ran get-quote with {ECB}", "4.25"]
    assert await queues_of(handle, "call_mcp_tool") == [OTHER_QUEUE]
    [call] = other_pool.mcp_calls
    assert (call.target, call.tool, call.name) == (QUOTES.target, "get-quote", QUOTE)
    [conversation] = bench.standin.conversations()
    [id_] = [entry.tool_call_id for entry in conversation.entries if entry.type == "function.call"][:1]
    assert (call.tool_call_id, call.agent, call.run) == (id_, agent.name, loop.run)
    assert call.traceparent == trace


async def test_without_a_trace_calls_carry_none(bench: Bench, other_pool: OtherPool) -> None:
    bench.standin.set_scenario(calling(CALL))
    other_pool.mcp_calls.clear()
    await bench.run_loop(loop_input(await quoting(bench), "Look", mcp_servers=(QUOTES,)))
    assert [call.traceparent for call in other_pool.mcp_calls] == [""]


async def test_a_server_that_the_run_does_not_know_is_told_to_the_model(bench: Bench) -> None:
    bench.standin.set_scenario(calling(CALL))
    result = (await bench.run_loop(loop_input(await quoting(bench), "Look"))).result
    assert result.reason == Reason.SUCCEEDED
    assert bench.results() == [
        "quotes_get-quote cannot be called: the run does not know its MCP server. Go on without it"
    ]
