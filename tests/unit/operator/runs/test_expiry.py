import logging
from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_operator.engine.served import Namespaces
from agents_operator.kubernetes.errors import ApiServerError
from agents_operator.runs.expiry import RunExpiry, expired, minutes_between
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tests.unit.operator.objects import NOW, run

NOON = datetime.fromisoformat("2026-03-01T12:00:00Z")


@pytest.mark.parametrize(
    ("minutes", "named"),
    [
        (-1, ()),
        (0, ()),
        (1, ("2026-03-01T12:01Z",)),
        (3, ("2026-03-01T12:01Z", "2026-03-01T12:02Z", "2026-03-01T12:03Z")),
    ],
)
def test_minutes_after_one_time_up_to_another_are_named(minutes: int, named: tuple[str, ...]) -> None:
    assert minutes_between(NOON, NOON + timedelta(minutes=minutes)) == named


def test_minutes_go_on_over_midnight() -> None:
    midnight = datetime.fromisoformat("2026-03-02T00:00:00Z")
    assert minutes_between(midnight - timedelta(minutes=2), midnight) == (
        "2026-03-01T23:59Z",
        "2026-03-02T00:00Z",
    )


def test_passed_minutes_of_each_namespace_are_found() -> None:
    runs = [
        run(namespace="a", status={"expires": "2026-03-01T11:59Z"}),
        run(namespace="a", status={"expires": "2026-03-01T11:59Z"}),
        run(namespace="a", status={"expires": "2026-03-01T12:00Z"}),
        run(namespace="a", status={"expires": "2026-03-01T12:01Z"}),
        run(namespace="b", status={"expires": "2026-02-28T23:59Z"}),
        run(namespace="c"),
    ]
    assert expired(runs, until=NOON) == {
        "a": {"2026-03-01T11:59Z", "2026-03-01T12:00Z"},
        "b": {"2026-02-28T23:59Z"},
    }


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


def expiry(server: ScriptedServer, clock: Clock, namespaces: Namespaces = lambda: (None,)) -> RunExpiry:
    return RunExpiry(server.api, namespaces, now=clock, logger=logging.getLogger("test"))


def listing(*expires: str) -> JsonValue:
    return {"metadata": {}, "items": [run(status={"expires": minute}).manifest() for minute in expires]}


def selectors(server: ScriptedServer) -> list[str]:
    return [f"{asked.method} {asked.query['fieldSelector']}" for asked in server.asked]


async def test_first_sweep_looks_at_every_run_with_an_expiry() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, listing("2026-02-01T10:00Z", "2026-03-01T12:01Z"))
        server.will_answer(200, {})
        await expiry(server, Clock()).sweep()
        assert selectors(server) == ["GET status.expires!=", "DELETE status.expires=2026-02-01T10:00Z"]
        assert server.asked[1].path.endswith("/namespaces/team/agentruns")


async def test_later_sweep_looks_at_what_has_passed_since_and_at_the_minute_before() -> None:
    async with ScriptedServer() as server:
        clock = Clock()
        sweeps = expiry(server, clock)
        server.will_answer(200, listing())
        await sweeps.sweep()
        server.asked.clear()
        clock.time += timedelta(minutes=1)
        server.will_answer(200, listing("2026-03-01T12:00Z"))
        server.will_answer(200, {})
        server.will_answer(200, listing())
        await sweeps.sweep()
        assert selectors(server) == [
            "GET status.expires=2026-03-01T12:00Z",
            "DELETE status.expires=2026-03-01T12:00Z",
            "GET status.expires=2026-03-01T12:01Z",
        ]


async def test_sweep_that_was_cut_short_is_made_up_for() -> None:
    async with ScriptedServer() as server:
        sweeps = expiry(server, Clock())
        server.will_answer(500, failure("etcd"))
        with pytest.raises(ApiServerError):
            await sweeps.sweep()
        server.will_answer(200, listing())
        await sweeps.sweep()
        assert selectors(server) == ["GET status.expires!="] * 2


async def test_namespace_that_may_not_be_listed_keeps_no_other_from_its_expiry() -> None:
    async with ScriptedServer() as server:
        server.will_answer(403, failure("agentruns is forbidden"))
        server.will_answer(200, listing("2026-02-01T10:00Z"))
        server.will_answer(200, {})
        await expiry(server, Clock(), lambda: ("lost", "team")).sweep()
        assert [asked.path.split("/")[5] for asked in server.asked] == ["lost", "team", "team"]


async def test_namespace_that_is_served_again_has_every_run_looked_at() -> None:
    async with ScriptedServer() as server:
        served: list[str | None] = ["team"]
        sweeps = expiry(server, Clock(), lambda: tuple(served))
        server.will_answer(200, listing())
        await sweeps.sweep()
        served.remove("team")
        await sweeps.sweep()
        served.append("team")
        server.will_answer(200, listing())
        await sweeps.sweep()
        assert selectors(server) == ["GET status.expires!="] * 2
