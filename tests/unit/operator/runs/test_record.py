import asyncio
import logging
from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.names import RunIdentity
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, ConditionType
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.errors import RejectedError
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.runs.record import Outcomes
from agents_operator.runs.status import outcome_status
from tests.unit.operator.kubernetes.scripted import CONFLICT, FAILED_TEST, GONE, INVALID, ScriptedServer
from tests.unit.operator.objects import NOW, Manifest, run
from tests.unit.operator.runs.test_status import WORKFLOW, outcome

IDENTITY = RunIdentity("inst", "team", "u-1")
FINISHED: Manifest = {"finished": True}


def status_of(found: AgentRun, now: datetime) -> AgentRunStatus:
    return outcome_status(found, WORKFLOW, outcome(), now=now)


class Bed:
    """Outcomes that are written to a scripted server; the watch has brought these runs."""

    def __init__(self, server: ScriptedServer, *seen: AgentRun) -> None:
        logger = logging.getLogger("test")
        self.world = World()
        for stored in seen:
            self.world.runs.see(stored)
        self.queue = WorkQueue[Key]("agentrun", self._reconcile, concurrency=1, logger=logger)
        settle = Settle(
            AGENT_RUNS,
            self.world.runs,
            server.api,
            Events(server.api, "operator-1", logger),
            now=lambda: NOW,
            summary=ConditionType.SUCCEEDED,
            undone="Unknown",
        )
        self._outcomes = Outcomes(self.world, self.queue, settle, server.api, now=lambda: NOW)

    async def record(self) -> None:
        await self._outcomes.record(IDENTITY, status_of)

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


async def test_outcome_is_written_once() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, ours(FINISHED))
        await bed.record()
        assert server.requests == []


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
