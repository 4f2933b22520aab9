"""Stores the history of a run for the replay tests: `python -m tests.workflows.record NAME`."""

import argparse
import asyncio
import re
import tempfile
from pathlib import Path

from tests.standin.control import APPEND
from tests.standin.faults import AnswerWith
from tests.standin.process import running_standin
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedTurn
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


async def record() -> str:
    """Run an agent through calls of two tools, one that it was not given, and a 429; return the history."""
    with running_standin() as standin, tempfile.TemporaryDirectory() as folder:
        calls = (
            ScriptedCall(call="get_rate", arguments={"year": 2023}),
            ScriptedCall(call="plain_activity", arguments={"word": "loud"}),
            ScriptedCall(call="rob_bank", arguments={}),
        )
        standin.set_scenario(Scenario(scripts=(Script(turns=(ScriptedTurn(steps=calls),)),)))
        standin.fail("POST", APPEND, AnswerWith(status=429))
        secrets = Path(folder)
        async with (
            temporal_server(identity="recorder") as client,
            taking_reports(client) as reports,
            serving(client, settings_of(secrets), bench_tools()),
            mistral_client(standin) as mistral,
        ):
            bench = Bench(client, standin, mistral, reports, secrets, bench_tools())
            agent = await bench.agent("get_rate", "plain_activity", key_path=bench.write_key("provider", KEY))
            handle = await bench.start(agent, "Look")
            await bench.finished(handle)
            return _without_places((await handle.fetch_history()).to_json())


def _without_places(history: str) -> str:
    """Drop stack traces: they name the folders of whoever recorded."""
    return re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', history)


def main() -> None:
    """Write the history beside the others."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflows.record", description=__doc__)
    parser.add_argument("name", help="what the history shows; the name of its file")
    options = parser.parse_args()
    (_HISTORIES / f"{options.name}.json").write_text(asyncio.run(record()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
