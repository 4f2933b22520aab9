"""Stores the history of a run for the replay tests: `python -m tests.workflows.record NAME`."""

import argparse
import asyncio
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agents_crds.v1alpha1.fields import JsonSchema
from tests.standin.control import APPEND
from tests.standin.faults import AnswerWith
from tests.standin.process import running_standin
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import (
    KEY,
    Bench,
    bench_tools,
    mistral_client,
    serving,
    settings_of,
    taking_reports,
)
from tests.workflows.temporal import temporal_server

_HISTORIES = Path(__file__).parent / "histories"


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
}


async def record(scene: Scene) -> str:
    """Run an agent through a scene; return the history."""
    with running_standin() as standin, tempfile.TemporaryDirectory() as folder:
        standin.set_scenario(Scenario(scripts=(Script(turns=scene.turns),)))
        if scene.throttled:
            standin.fail("POST", APPEND, AnswerWith(status=429))
        secrets = Path(folder)
        async with (
            temporal_server(identity="recorder") as client,
            taking_reports(client) as reports,
            serving(client, settings_of(secrets), bench_tools()),
            mistral_client(standin) as mistral,
        ):
            bench = Bench(client, standin, mistral, reports, secrets, bench_tools())
            key_path = bench.write_key("provider", KEY)
            agent = await bench.agent("get_rate", "plain_activity", key_path=key_path, schema=scene.schema)
            handle = await bench.start(agent, "Look", max_turns=10)
            await bench.finished(handle)
            return _without_places((await handle.fetch_history()).to_json())


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
