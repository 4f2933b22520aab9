"""Stores the histories for the replay tests, all or some: `python -m tests.workflows.record [NAME ...]`.

A change of what the loop does, and in which order, makes the replay of a stored history fail. Since a run
stays with the build that it began with, that is allowed; record them anew then, and say so.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from temporalio.client import WorkflowFailureError

from tests.standin.control import StandIn
from tests.standin.process import running_standin
from tests.workflows.bench import (
    KEY,
    Bench,
    bench_tools,
    mistral_client,
    serving,
    settings_of,
    taking_reports,
)
from tests.workflows.other_pool import serving_other_pool
from tests.workflows.scenes import SCENES, Scene
from tests.workflows.temporal import histories_of, temporal_server

HISTORIES = Path(__file__).parent / "histories"
_SHORT = "limit.historyCount.suggestContinueAsNew=60"


async def record(standin: StandIn, names: Iterable[str], *, are_short: bool) -> None:
    """Write the histories of those scenes whose executions are short, or of the others."""
    scenes = {name: SCENES[name] for name in names if SCENES[name].is_short == are_short}
    if not scenes:
        return
    with tempfile.TemporaryDirectory() as folder:
        secrets = Path(folder)
        async with (
            temporal_server(*((_SHORT,) if are_short else ()), identity="recorder") as client,
            taking_reports(client) as reports,
            serving(client, settings_of(secrets), bench_tools()),
            serving_other_pool(client, bench_tools()),
            mistral_client(standin) as mistral,
        ):
            for name, scene in scenes.items():
                bench = Bench(client, standin, mistral, reports, secrets, bench_tools(), unique="recorded")
                bench.write_key("provider", KEY)
                _store(name, await _histories(bench, scene))


async def _histories(bench: Bench, scene: Scene) -> list[str]:
    """Play a scene; return the history of each execution."""
    bench.standin.release()
    bench.standin.remove_faults()
    bench.standin.reset()
    handle = await scene.begin(bench)
    async with asyncio.timeout(60):
        with suppress(WorkflowFailureError):  # of the run that is cancelled
            await handle.result()
    return [_without_places(each.to_json()) for each in await histories_of(bench.client, handle)]


def _without_places(history: str) -> str:
    """Drop stack traces: they name the folders of whoever recorded."""
    return re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', history)


def _store(name: str, histories: list[str]) -> None:
    for old in (*HISTORIES.glob(f"{name}.json"), *HISTORIES.glob(f"{name}_[0-9].json")):
        old.unlink()
    for number, history in enumerate(histories, 1):
        part = f"_{number}" if len(histories) > 1 else ""
        (HISTORIES / f"{name}{part}.json").write_text(history + "\n", encoding="utf-8")


async def _record_all(names: Iterable[str]) -> None:
    with running_standin() as standin:
        await record(standin, names, are_short=False)
        await record(standin, names, are_short=True)


def main() -> None:
    """Write the histories, each execution's in a file of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflows.record", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or some of: {', '.join(SCENES)}")
    names = parser.parse_args().names
    unknown = [name for name in names if name not in SCENES]
    if unknown:
        parser.error(f"there is no scene {', '.join(unknown)}: give some of {', '.join(SCENES)}")
    asyncio.run(_record_all(names or tuple(SCENES)))


if __name__ == "__main__":
    main()
