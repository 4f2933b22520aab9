"""What is too large for Temporal passes whole with a store, and is cut without; nothing is paid twice."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from google.protobuf.message import Message
from mistralai.client import Mistral
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from agents_crds.contract import CONTRACT
from agents_crds.contract.conversion import PayloadSettings, plainly
from agents_crds.contract.names import RunIdentity
from agents_crds.contract.run import RunInput, RunMemo, RunOutcome
from agents_crds.contract.store import Directory
from agents_crds.v1alpha1.conditions import Reason
from agents_operator.temporal.workflows import Workflows
from agents_worker.workers import WORKFLOWS, sandbox
from tests.standin.control import StandIn
from tests.standin.scenario import ScriptedText
from tests.workflows.bench import (
    OPERATOR_QUEUE,
    POOL_QUEUE,
    Bench,
    Handle,
    bench_tools,
    loop_input,
    serving,
    settings_of,
    taking_reports,
)
from tests.workflows.sample_tools import noise
from tests.workflows.stores import bench_with, bucket_at, s3_server, store_of_kind
from tests.workflows.temporal import temporal_server
from tests.workflows.test_run import call, script
from tests.workflows.worker_process import appeared
from tools.local.ports import free_ports

pytestmark = pytest.mark.asyncio(loop_scope="session")

LARGE = 5_000_000
ANSWER = noise(LARGE + 2)


def paid(bench: Bench) -> tuple[int, int]:
    """Count the calls that the provider charges for."""
    counters = bench.standin.counters()
    return counters.conversations_created, counters.appends


def payloads_of(history: WorkflowHistory) -> Iterator[Payload]:
    """Find every payload in a history, whatever event has it."""

    def within(message: Message) -> Iterator[Payload]:
        if isinstance(message, Payload):
            yield message
            return
        for _, value in message.ListFields():
            values = value.values() if hasattr(value, "values") else value
            for each in values if isinstance(values, Iterable) else [values]:
                if isinstance(each, Message):
                    yield from within(each)

    for event in history.events:
        yield from within(event)


def kept_in(store: Path) -> list[Payload]:
    """Read all that a directory keeps."""
    files = (path for path in store.rglob("*/*") if path.is_file())
    return [Payload.FromString(path.read_bytes()) for path in files]


async def history_size(handle: Handle) -> int:
    return sum(event.ByteSize() for event in (await handle.fetch_history()).events)


async def task_failures(handle: Handle) -> list[str]:
    kind = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    events = (await handle.fetch_history()).events
    failed = (e.workflow_task_failed_event_attributes for e in events if e.event_type == kind)
    return [each.failure.message for each in failed]


@pytest.mark.parametrize("kind", ["directory", "s3"])
async def test_a_tool_result_and_an_answer_of_5_mb_pass_whole(
    kind: str, standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path
) -> None:
    async with store_of_kind(kind, tmp_path) as payloads:
        async with bench_with(payloads, standin, mistral, secrets) as bench:
            agent = await bench.agent("noise")
            bench.standin.set_scenario(script((call("noise", size=LARGE),), (ScriptedText(text=ANSWER),)))
            handle = await bench.start(agent, "Write")
            outcome = await bench.finished(handle)
            assert (outcome.result.reason, outcome.result.text) == (Reason.SUCCEEDED, ANSWER)
            assert bench.results() == [noise(LARGE)]
            assert paid(bench) == (1, 1)
            [reported] = bench.reports.taken[handle.id]
            assert len(reported.result.text) < 100_000
            assert reported.result.text_bytes == len(ANSWER)
            assert await history_size(handle) < 40_000
            history = await handle.fetch_history()
        replayer = Replayer(
            workflows=WORKFLOWS, workflow_runner=sandbox(), data_converter=payloads.data_converter()
        )
        await replayer.replay_workflow(history)


async def test_without_a_store_both_are_cut_and_nothing_is_paid_twice(bench: Bench) -> None:
    agent = await bench.agent("noise")
    bench.standin.set_scenario(script((call("noise", size=LARGE),), (ScriptedText(text=ANSWER),)))
    outcome = await bench.run(agent, "Write")
    [told] = bench.results()
    for text, whole, limit in ((told, noise(LARGE), 1_000_000), (outcome.result.text, ANSWER, 1_500_000)):
        start, note = text.split("…")
        assert whole.startswith(start)
        assert 0.99 * limit < len(text) <= limit
        assert note == f" [cut: the whole text of {len(whole) + 2} bytes is more than can be kept]"
    assert paid(bench) == (1, 1)


async def test_a_result_waits_for_a_store_that_is_away(
    standin: StandIn,
    mistral: Mistral,
    secrets: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (port,) = free_ports(1)
    payloads = PayloadSettings(bucket_at(port, tmp_path))
    async with bench_with(payloads, standin, mistral, secrets) as bench, AsyncExitStack() as stack:
        agent = await bench.agent("noise")
        bench.standin.set_scenario(script((call("noise", size=LARGE),), (ScriptedText(text=ANSWER),)))
        handle = await bench.start(agent, "Write")
        says = "A result waits to be stored: the payload store s3://payloads/ours"
        await until(lambda: asyncio.to_thread(lambda: says in caplog.text))
        await stack.enter_async_context(s3_server(port, tmp_path / "s3-log"))
        outcome = await bench.finished(handle)
        assert outcome.result.text == ANSWER
        assert bench.results() == [noise(LARGE)]
        assert paid(bench) == (1, 1)


async def test_a_workflow_task_waits_for_a_store_that_is_away_and_pays_nothing_twice(
    standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path
) -> None:
    store, away = tmp_path / "store", tmp_path / "away"
    folder = tmp_path / "meeting"
    folder.mkdir()
    async with bench_with(PayloadSettings(Directory(store)), standin, mistral, secrets) as bench:
        agent = await bench.agent("noise", "meet")
        calls = (call("noise", size=LARGE), call("meet", folder=str(folder), name="anna"))
        bench.standin.set_scenario(script(calls, (ScriptedText(text="Done."),)))
        handle = await bench.start(agent, "Write")
        await appeared(folder / "anna")
        await until(lambda: _took(handle, 1))
        store.rename(away)
        store.write_text("in the way of the directory")
        (folder / "bert").touch()
        await until(lambda: _blames(handle, store))
        assert paid(bench) == (1, 0)
        store.unlink()
        away.rename(store)
        outcome = await bench.finished(handle)
        assert outcome.result.text == "Done."
        assert bench.results() == [noise(LARGE), "anna met 1"]
        assert paid(bench) == (1, 1)


async def test_with_a_codec_nothing_of_a_run_can_be_read(
    standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    keys.write_bytes(Fernet.generate_key())
    monkeypatch.setenv("PAYLOAD_KEYS_FILE", str(keys))
    payloads = PayloadSettings(Directory(tmp_path / "store"), "examples.encryption.encryption:encryption")
    async with bench_with(payloads, standin, mistral, secrets) as bench:
        agent = await bench.agent("noise")
        bench.standin.set_scenario(script((call("noise", size=LARGE),), (ScriptedText(text="It is secret"),)))
        handle = await bench.start(agent, "What is secret?")
        outcome = await bench.finished(handle)
        assert outcome.result.text == "It is secret"
        assert bench.results() == [noise(LARGE)]
        seen = {
            payload.metadata["encoding"]
            for payload in payloads_of(await handle.fetch_history())
            if payload.metadata["encoding"] != b"json/protobuf"
        }
        assert seen == {b"binary/fernet"}
    assert {payload.metadata["encoding"] for payload in kept_in(tmp_path / "store")} == {b"binary/fernet"}


@pytest.mark.parametrize(("plain", "sent"), [(True, b"json/plain"), (False, b"binary/zlib")])
async def test_workers_of_the_first_contract_are_sent_what_they_can_read(
    standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path, sent: bytes, *, plain: bool
) -> None:
    async with (
        temporal_server(payloads=PayloadSettings(Directory(tmp_path))) as client,
        taking_reports(client) as reports,
        serving(plainly(client) if plain else client, settings_of(secrets), bench_tools()),
    ):
        bench = Bench(client, standin, mistral, reports, secrets, bench_tools())
        loop = loop_input(await bench.agent(), "many words " * 30_000)
        run_input = RunInput(contract=CONTRACT, operator_queue=OPERATOR_QUEUE, loop=loop)
        identity = RunIdentity("test", "ns", uuid.uuid4().hex)
        memo = RunMemo(namespace="ns", name="run", uid=identity.uid, agent_id="ag", agent_version=0)
        workflows = Workflows(client)
        now = datetime.now(UTC)
        await workflows.start(identity, POOL_QUEUE, run_input, memo, now, plain=plain)
        handle = client.get_workflow_handle(identity.workflow_id, result_type=RunOutcome)
        outcome = await asyncio.wait_for(handle.result(), 45)
        state = await workflows.state(identity)
        assert state is not None
        assert state.outcome == outcome
        started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
        assert [payload.metadata["encoding"] for payload in started.input.payloads] == [sent]
    assert outcome.result.reason == Reason.SUCCEEDED


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110  # a server, or a log
            await asyncio.sleep(0.05)


async def _blames(handle: Handle, store: Path) -> bool:
    return any(f"the payload store {store} " in each for each in await task_failures(handle))


async def _took(handle: Handle, results: int) -> bool:
    """Tell whether the workflow took in so many tool results."""
    kinds = [e.event_type for e in (await handle.fetch_history()).events]
    completed = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    return kinds.count(completed) == 1 + results and (
        kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    )
