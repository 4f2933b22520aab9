"""Stores the history of a run for the replay tests: `python -m tests.workflows.record NAME`."""

import argparse
import asyncio
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agents_crds.contract.run import LoopInput
from agents_crds.v1alpha1.fields import JsonSchema
from tests.standin.control import APPEND
from tests.standin.faults import AnswerWith
from tests.standin.process import running_standin
from tests.standin.scenario import (
    Scenario,
    Script,
    ScriptedCall,
    ScriptedExecution,
    ScriptedHandoff,
    ScriptedText,
    ScriptedTurn,
)
from tests.workflows.bench import (
    KEY,
    Bench,
    bench_tools,
    loop_input,
    mistral_client,
    serving,
    settings_of,
    taking_reports,
)
from tests.workflows.other_pool import QUOTE, QUOTES, serving_other_pool, with_quotes
from tests.workflows.temporal import temporal_server

_HISTORIES = Path(__file__).parent / "histories"


_FOLLOWER = "follower"
_RATE = ScriptedCall(call="get_rate", arguments={"year": 2023})
_SCHEMA = JsonSchema(
    {"type": "object", "properties": {"rate": {"type": "number"}}, "additionalProperties": {"type": "null"}}
)


@dataclass(frozen=True)
class Scene:
    """What a history shows."""

    turns: tuple[ScriptedTurn, ...]
    schema: JsonSchema | None = None
    throttled: bool = False
    follower: tuple[ScriptedTurn, ...] = ()
    """What an agent does that the first one hands off to."""


SCENES = {
    "tools_and_a_429": Scene(
        turns=(
            ScriptedTurn(
                steps=(
                    _RATE,
                    ScriptedCall(call="plain_activity", arguments={"word": "loud"}),
                    ScriptedCall(call="rob_bank", arguments={}),
                )
            ),
        ),
        throttled=True,
    ),
    "repeated_calls_and_a_correction": Scene(
        turns=(
            ScriptedTurn(steps=(_RATE,), repeat=3),
            ScriptedTurn(steps=(ScriptedText(text='{"rate": "high", "b": 1, "a": 2}'),)),
        ),
        schema=_SCHEMA,
    ),
    "handoffs_servers_and_a_denial": Scene(
        turns=(
            ScriptedTurn(steps=(ScriptedText(text="I ask."), _RATE)),
            ScriptedTurn(steps=(ScriptedHandoff(handoff=f"{_FOLLOWER}-recorded"),)),
            ScriptedTurn(steps=(ScriptedText(text="Done."),)),
        ),
        follower=(
            ScriptedTurn(
                steps=(
                    ScriptedExecution(execute="web_search", arguments={"query": "ECB"}),
                    ScriptedCall(call=QUOTE, arguments={"symbol": "ECB"}),
                    ScriptedExecution(execute="mail", function="send_mail", arguments={}, confirm=True),
                )
            ),
            ScriptedTurn(steps=(ScriptedHandoff(handoff="agent-recorded"),)),
        ),
    ),
}


async def record(scene: Scene) -> str:
    """Run an agent through a scene; return the history."""
    with running_standin() as standin, tempfile.TemporaryDirectory() as folder:
        if scene.throttled:
            standin.fail("POST", APPEND, AnswerWith(status=429))
        secrets = Path(folder)
        async with (
            temporal_server(identity="recorder") as client,
            taking_reports(client) as reports,
            serving(client, settings_of(secrets), bench_tools()),
            serving_other_pool(client, bench_tools()),
            mistral_client(standin) as mistral,
        ):
            bench = Bench(client, standin, mistral, reports, secrets, bench_tools(), unique="recorded")
            handle = await bench.start_loop(await _loop(bench, scene))
            await bench.finished(handle)
            return _without_places((await handle.fetch_history()).to_json())


async def _loop(bench: Bench, scene: Scene) -> LoopInput:
    key_path = bench.write_key("provider", KEY)
    agent = await bench.agent("get_rate", "plain_activity", key_path=key_path, schema=scene.schema)
    scripts = (Script(agent=bench.remote_name("agent"), turns=scene.turns),)
    if not scene.follower:
        bench.standin.set_scenario(Scenario(scripts=scripts))
        return loop_input(agent, "Look")
    follower = with_quotes(await bench.agent(name=_FOLLOWER, key_path=key_path))
    agent, follower = await bench.linked(agent, follower), await bench.linked(follower, agent)
    followed = Script(agent=bench.remote_name(_FOLLOWER), turns=scene.follower)
    bench.standin.set_scenario(Scenario(scripts=(*scripts, followed)))
    return loop_input(agent, "Look", follower, mcp_servers=(QUOTES,))


def _without_places(history: str) -> str:
    """Drop stack traces: they name the folders of whoever recorded."""
    return re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', history)


def main() -> None:
    """Write the history beside the others."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflows.record", description=__doc__)
    parser.add_argument("name", choices=SCENES, help="what the history shows; the name of its file")
    options = parser.parse_args()
    (_HISTORIES / f"{options.name}.json").write_text(
        asyncio.run(record(SCENES[options.name])) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
