import logging
from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import Agent, AgentRun, AgentRunStatus, Condition, ConditionType, Reason, Status
from agents_operator.engine.settle import AFTER_CONFLICT, AFTER_OUTAGE, Settle, early_status, is_news
from agents_operator.engine.world import Cache, Key, World
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.errors import ApiServerError, GoneError
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.temporal.errors import TemporalUnreachableError
from tests.unit.operator.kubernetes.scripted import CONFLICT, FAILED_TEST, GONE, ScriptedServer
from tests.unit.operator.objects import NOW, agent, condition, run

PAUSE = timedelta(seconds=100)


def waiting(
    message: str = "no provider", *, of: ConditionType = ConditionType.READY, expected: bool = False
) -> Waiting:
    return Waiting(Reason.PROVIDER_NOT_FOUND, message, after=PAUSE, condition=of, expected=expected)


def known(reason: str = "ProviderNotFound", message: str = "no provider") -> Condition:
    return Condition.model_validate(condition("Ready", "False", reason, message))


def conditions(status: Status) -> list[str]:
    return [f"{known.type} {known.status} {known.reason}" for known in status.conditions]


def early(stored: Agent, reason: Waiting | Stalled) -> Status:
    return early_status(stored, reason, summary=ConditionType.READY, undone="False", now=NOW)


def test_early_end_says_why_in_the_summary() -> None:
    status = early(agent(generation=4), waiting())
    assert conditions(status) == ["Ready False ProviderNotFound"]
    assert status.conditions[0].message == "no provider"
    assert (status.observed_generation, status.conditions[0].observed_generation) == (4, 4)


def test_early_end_of_one_concern_also_undoes_the_summary() -> None:
    stored = agent(status={"conditions": [condition("Ready", "True", "Synced")]})
    assert conditions(early(stored, waiting(of=ConditionType.RESOLVED_REFS))) == [
        "Ready False ProviderNotFound",
        "ResolvedRefs False ProviderNotFound",
    ]


def test_what_was_reached_before_an_early_end_keeps_the_time_since_when_it_holds() -> None:
    end = waiting(of=ConditionType.RESOLVED_REFS)
    end.reached = (Condition.model_validate(condition("Ready", "True", "Available", since=str(NOW))),)
    stored = agent(status={"conditions": [condition("Ready", "True", "Available")]})
    status = early(stored, end)
    assert conditions(status) == ["Ready True Available", "ResolvedRefs False ProviderNotFound"]
    assert status.conditions[0].last_transition_time == stored.status.conditions[0].last_transition_time


def test_early_end_leaves_the_rest_of_the_status_alone() -> None:
    stored = agent(
        status={"remote": {"id": "ag_1"}, "conditions": [condition("Accepted", "True", "Accepted")]}
    )
    status = early(stored, Stalled(Reason.MODEL_NOT_FOUND, "unknown model"))
    assert status.model_dump()["remote"] == stored.status.model_dump()["remote"]
    assert conditions(status) == ["Accepted True Accepted", "Ready False ModelNotFound"]


def test_run_that_waits_is_neither_succeeded_nor_failed() -> None:
    status = early_status(
        run(),
        Waiting(Reason.AGENT_NOT_FOUND, "no agent", after=PAUSE, condition=ConditionType.SUCCEEDED),
        summary=ConditionType.SUCCEEDED,
        undone="Unknown",
        now=NOW,
    )
    assert conditions(status) == ["Succeeded Unknown AgentNotFound"]


@pytest.mark.parametrize(
    ("before", "end", "news"),
    [
        pytest.param(None, waiting(), True, id="first time"),
        pytest.param(known(), waiting(), False, id="known"),
        pytest.param(known(reason="Progressing"), waiting(), True, id="another reason"),
        pytest.param(known(message="other"), waiting(), True, id="another message"),
        pytest.param(None, waiting(expected=True), False, id="expected"),
        pytest.param(None, Stalled(Reason.MODEL_NOT_FOUND, "no model"), True, id="stalled"),
        pytest.param(
            known(message="x" * 1023 + "…"), waiting("x" * 5000), False, id="known, with its message cut"
        ),
    ],
)
def test_only_what_is_wrong_and_was_not_known_is_news(
    before: Condition | None, end: Waiting | Stalled, *, news: bool
) -> None:
    assert is_news(before, end) is news


class Bed:
    """An AgentRun that is settled against a scripted server."""

    def __init__(self, server: ScriptedServer, stored: AgentRun | None = None) -> None:
        self.stored = stored or run()
        self.key = Key.of(self.stored)
        self.cache: Cache[AgentRun] = World().runs
        self.cache.see(self.stored)
        events = Events(server.api, "operator-1", logging.getLogger("test"))
        self.settle = Settle(
            AGENT_RUNS,
            self.cache,
            server.api,
            events,
            now=lambda: NOW,
            summary=ConditionType.SUCCEEDED,
            undone="Unknown",
        )

    async def settled(self, end: Exception) -> timedelta | None:
        """Settle a reconcile that ends so."""

        async def sync(_: AgentRun) -> timedelta | None:
            raise end

        return await self.settle.run(self.key, sync)

    async def written(self) -> timedelta | None:
        """Settle a reconcile that writes a status."""

        async def sync(stored: AgentRun) -> timedelta | None:
            await self.settle.write(stored, AgentRunStatus(turns=1))
            return None

        return await self.settle.run(self.key, sync)


def manifest(stored: AgentRun) -> JsonValue:
    return stored.manifest()


async def test_object_that_is_gone_is_not_reconciled() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        bed.cache.forget(bed.key)
        assert await bed.settled(AssertionError("reconciled")) is None
        assert server.requests == []


async def test_status_that_says_the_same_is_not_written() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server, run(status={"turns": 1}))
        assert await bed.written() is None
        assert server.requests == []


async def test_what_was_written_is_known_before_the_watch_brings_it() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(200, manifest(run(status={"turns": 1}, resourceVersion="2")))
        await bed.written()
        latest = bed.cache.get(bed.key)
        assert latest is not None
        assert latest.status.turns == 1


async def test_early_end_is_written_and_told_once() -> None:
    wait = Waiting(Reason.AGENT_NOT_FOUND, "no agent", after=PAUSE, condition=ConditionType.SUCCEEDED)
    async with ScriptedServer() as server:
        bed = Bed(server)
        told = run(
            status={
                "observedGeneration": 1,
                "conditions": [
                    condition("Succeeded", "Unknown", "AgentNotFound", "no agent") | {"observedGeneration": 1}
                ],
            },
            resourceVersion="2",
        )
        server.will_answer(200, manifest(told))
        server.will_answer(201, {})
        pause = await bed.settled(wait)
        assert server.requests == ["PATCH status", "POST events"]
        assert pause is not None
        assert PAUSE * 0.8 <= pause <= PAUSE * 1.2
        await bed.settled(wait)
        assert len(server.requests) == 2


async def test_early_end_that_goes_on_is_not_written_again() -> None:
    end = Waiting(Reason.AGENT_NOT_FOUND, "no agent", after=PAUSE, condition=ConditionType.RESOLVED_REFS)
    since, later = condition("Succeeded", "True", "Succeeded"), condition("Succeeded", "True", "Succeeded")
    end.reached = (Condition.model_validate(later | {"lastTransitionTime": "2026-03-01T12:00:00Z"}),)
    lacking = condition("ResolvedRefs", "False", "AgentNotFound", "no agent") | {"observedGeneration": 1}
    async with ScriptedServer() as server:
        bed = Bed(server, run(status={"observedGeneration": 1, "conditions": [since, lacking]}))
        await bed.settled(end)
        assert server.requests == []


async def test_temporal_away_is_said_and_tried_again_soon() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(200, manifest(run(resourceVersion="2")))
        server.will_answer(201, {})
        pause = await bed.settled(TemporalUnreachableError("Temporal cannot be reached"))
        assert pause is not None
        assert pause <= AFTER_OUTAGE * 1.2
        assert "TemporalUnreachable" in str(server.asked[0].body)


async def test_conflict_is_tried_again_on_the_newer_state() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(409, CONFLICT)
        server.will_answer(200, manifest(run(resourceVersion="7")))
        assert await bed.written() == AFTER_CONFLICT
        latest = bed.cache.get(bed.key)
        assert latest is not None
        assert latest.metadata.resource_version == "7"


@pytest.mark.parametrize(("status", "answer"), [(404, GONE), (409, CONFLICT), (422, FAILED_TEST)])
async def test_object_whose_end_the_watch_has_missed_is_forgotten(status: int, answer: JsonValue) -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(status, answer)
        server.will_answer(200, manifest(run(uid="another", resourceVersion="7")))
        assert await bed.written() is None
        assert bed.cache.get(bed.key) is None


async def test_object_that_goes_while_its_early_end_is_written_is_forgotten() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(404, GONE)
        server.will_answer(404, GONE)
        assert await bed.settled(waiting()) is None
        assert len(bed.cache) == 0


async def test_something_else_that_is_missing_is_not_taken_for_the_object() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        server.will_answer(200, manifest(run()))
        with pytest.raises(GoneError, match="namespaces"):
            await bed.settled(GoneError(404, 'namespaces "durable-agents-system" not found'))
        assert bed.cache.get(bed.key) is not None


async def test_unknown_error_is_left_to_the_queue() -> None:
    async with ScriptedServer() as server:
        bed = Bed(server)
        with pytest.raises(ApiServerError, match="500"):
            await bed.settled(ApiServerError(500, "etcd"))
