import asyncio
import logging
from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.names import RunIdentity
from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.spans import Span
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.errors import RejectedError
from agents_operator.kubernetes.events import Events
from agents_operator.runs.record import ElsewhereError, Outcomes
from agents_operator.runs.settle import RunSettle
from agents_operator.runs.status import outcome_status
from agents_operator.temporal.places import OWN, Place
from agents_operator.tracing.runs import RunTraces
from tests.unit.operator.kubernetes.scripted import CONFLICT, FAILED_TEST, GONE, INVALID, ScriptedServer
from tests.unit.operator.objects import NOW, Manifest, run
from tests.unit.operator.runs.test_status import WORKFLOW, outcome

IDENTITY = RunIdentity("inst", "team", "u-1")
FINISHED: Manifest = {"finished": True}


def status_of(found: AgentRun, now: datetime) -> AgentRunStatus:
    return outcome_status(found, WORKFLOW, outcome(), now=now)


class Told:
    """A collector of traces."""

    def __init__(self) -> None:
        self.spans: list[str] = []

    def emit(self, span: Span) -> None:
        self.spans.append(span.name)

    def samples(self, _: TraceContext | None, __: str) -> bool:
        return True


class Bed:
    """Outcomes that are written to a scripted server; the watch has brought these runs."""

    def __init__(self, server: ScriptedServer, *seen: AgentRun) -> None:
        logger = logging.getLogger("test")
        self.world = World()
        for stored in seen:
            self.world.runs.see(stored)
        self.queue = WorkQueue[Key]("agentrun", self._reconcile, concurrency=1, logger=logger)
        self.told = Told()
        settle = RunSettle(
            self.world.runs,
            server.api,
            Events(server.api, "operator-1", logger),
            RunTraces(self.told, now=lambda: NOW),
            now=lambda: NOW,
        )
        self.outcomes = Outcomes(self.world, self.queue, settle, server.api, now=lambda: NOW)

    async def record(self, place: Place = OWN) -> None:
        await self.outcomes.record(place, IDENTITY, status_of)

    async def _reconcile(self, _: Key) -> timedelta | None:
        return None


def ours(status: Manifest | None = None, version: int = 1) -> AgentRun:
    return run(uid="u-1", status=status, resourceVersion=str(version))


def page(*found: AgentRun) -> JsonValue:
    return {"metadata": {}, "items": [stored.manifest() for stored in found]}


def versions(server: ScriptedServer) -> list[JsonValue]:
    """The resource versions that the writes were tested on."""
    bodies = [asked.body for asked in server.asked if asked.method == "PATCH"]
    return [body[1]["value"] for body in bodies if isinstance(body, list) and isinstance(body[1], dict)]


async def test_outcome_of_a_run_that_was_seen_costs_one_write_and_no_read() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(200, ours(FINISHED, 2).manifest())
        await bed.record()
        assert server.requests == ["PATCH status"]


async def test_outcome_of_a_run_that_was_not_seen_yet_finds_it() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(200, page(run("other"), ours()))
        server.will_answer(200, ours(FINISHED, 2).manifest())
        await bed.record()
        assert server.requests == ["GET agentruns", "PATCH status"]
        assert server.asked[0].query["fieldSelector"] == "status.finished!=true"


async def test_outcome_of_a_run_that_is_not_there_is_done() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(200, page(run("other")))
        await bed.record()
        assert server.requests == ["GET agentruns"]


EU = Place("team", "eu")


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        pytest.param(None, EU, id="in the operator's own, told elsewhere"),
        pytest.param("eu", OWN, id="elsewhere, told in the operator's own"),
        pytest.param("eu", Place("team", "us"), id="elsewhere, told by another connection"),
        pytest.param("eu", Place("other", "eu"), id="elsewhere, told by a namesake of another namespace"),
    ],
)
async def test_outcome_that_another_temporal_tells_is_refused(kept: str | None, told: Place) -> None:
    async with ScriptedServer() as server:
        stored = ours({} if kept is None else {"temporalConnection": kept})
        bed = Bed(server, stored)
        server.will_answer(200, stored.manifest())
        with pytest.raises(ElsewhereError, match="AgentRun team/rates-1 is not kept in"):
            await bed.record(told)
        assert server.requests == ["GET rates-1"]


async def test_progress_that_another_temporal_tells_is_refused() -> None:
    async def write(_: AgentRun, __: datetime) -> None:
        raise AssertionError("it is not to be told")

    async with ScriptedServer() as server:
        bed = Bed(server, ours({"temporalConnection": "eu"}))
        with pytest.raises(ElsewhereError, match="AgentRun team/rates-1 is not kept in the operator's own"):
            await bed.outcomes.amend(OWN, IDENTITY, write)
        assert server.requests == []


async def test_outcome_is_taken_from_where_the_run_was_placed_though_the_watch_is_late() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(200, ours({"temporalConnection": "eu"}, 2).manifest())
        server.will_answer(200, ours(FINISHED, 3).manifest())
        await bed.record(EU)
        assert server.requests == ["GET rates-1", "PATCH status"]
        assert versions(server) == ["2"]


async def test_outcome_is_written_once() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours(FINISHED))
        await bed.record()
        assert server.requests == []


async def test_outcome_is_told_once_after_the_write_that_went_through() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        ended = status_of(ours(), NOW).manifest()
        server.will_answer(409, CONFLICT)
        server.will_answer(200, ours(version=5).manifest())
        server.will_answer(200, ours(ended, 6).manifest())
        await bed.record()
        await bed.record()
        assert bed.told.spans == ["AgentRun finance", "invoke_agent finance"]


async def test_outcome_that_is_not_written_is_not_told() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(404, GONE)
        await bed.record()
        assert bed.told.spans == []


async def test_outcome_is_written_again_on_what_somebody_else_wrote() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(409, CONFLICT)
        server.will_answer(200, ours(version=5).manifest())
        server.will_answer(200, ours(FINISHED, 6).manifest())
        await bed.record()
        assert server.requests == ["PATCH status", "GET rates-1", "PATCH status"]
        assert versions(server) == ["1", "5"]


async def test_outcome_that_somebody_else_wrote_stays() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(409, CONFLICT)
        server.will_answer(200, ours(FINISHED, 5).manifest())
        await bed.record()
        assert server.requests == ["PATCH status", "GET rates-1"]


@pytest.mark.parametrize(("status", "answer"), [(409, CONFLICT), (422, FAILED_TEST)])
async def test_recreated_run_never_gets_the_old_one_s_outcome(status: int, answer: JsonValue) -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(status, answer)
        server.will_answer(200, run(uid="u-2", resourceVersion="5").manifest())
        await bed.record()
        assert server.requests == ["PATCH status", "GET rates-1"]
        assert len(bed.world.runs) == 0


async def test_outcome_of_a_run_that_was_deleted_is_done() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(404, GONE)
        await bed.record()
        assert len(bed.world.runs) == 0


async def test_outcome_that_the_api_server_refuses_becomes_a_minimal_one() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(422, INVALID)
        server.will_answer(200, ours(FINISHED, 2).manifest())
        await bed.record()
        first, second = server.asked
        assert "4 %" in str(first.body)
        assert "4 %" not in str(second.body)
        assert "ReportRejected" in str(second.body)
        assert "status.turns: Invalid value: -1" in str(second.body)


async def test_outcome_that_cannot_be_written_at_all_is_reported_again_later() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(422, INVALID)
        server.will_answer(422, INVALID)
        with pytest.raises(RejectedError):
            await bed.record()


async def test_outcome_waits_for_the_start_that_is_being_recorded() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours())
        server.will_answer(200, ours(FINISHED, 3).manifest())
        async with bed.queue.exclusive(Key.of(ours())):
            recording = asyncio.create_task(bed.record())
            done, _ = await asyncio.wait({recording}, timeout=0.01)
            assert not done
            bed.world.runs.see(ours({"workflowId": WORKFLOW}, 2))
        await recording
        assert versions(server) == ["2"]
