"""What a listing tells that a broken watch did not."""

import logging

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import Agent, WorkerPool
from agents_operator.engine.resync import Resync
from agents_operator.engine.world import Key, Listener, World
from agents_operator.kubernetes.errors import ApiServerError
from tests.unit.operator.agents.account import AgentChanges
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tests.unit.operator.objects import agent, pool, run

NOTHING: JsonValue = {"metadata": {}, "items": []}


def answer_definitions(server: ScriptedServer, agents: JsonValue = NOTHING) -> None:
    for kind in (NOTHING, NOTHING, NOTHING, NOTHING, agents):
        server.will_answer(200, kind)


def resync(server: ScriptedServer, world: World, *namespaces: str) -> Resync:
    return Resync(server.api, world, lambda: namespaces or (None,), logging.getLogger("test"))


async def test_object_whose_deletion_the_watch_lost_is_forgotten() -> None:
    world = World()
    gone = agent()
    world.agents.see(gone)
    async with ScriptedServer() as server:
        answer_definitions(server)
        server.will_answer(200, NOTHING)
        await resync(server, world).sweep()
    assert world.agents.get(Key.of(gone)) is None


async def test_object_that_is_there_is_seen() -> None:
    world = World()
    there = agent()
    async with ScriptedServer() as server:
        answer_definitions(server, {"metadata": {}, "items": [there.manifest()]})
        await resync(server, world).see_definitions(None)
    assert world.agents.named("team", "finance") == there


class Heard(AgentChanges):
    """Notes after how many requests an Agent came."""

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__()
        self.after: list[int] = []
        self._server = server

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        super().agent_changed(old, new)
        self.after.append(len(self._server.asked))


async def test_agents_are_seen_all_at_once_however_many_pages_they_come_on() -> None:
    """One that hands off to another would unlink it if that was not there yet."""
    world = World()
    async with ScriptedServer() as server:
        world.listen(heard := Heard(server))
        answer_definitions(server, {"metadata": {"continue": "more"}, "items": [agent("a").manifest()]})
        server.will_answer(200, {"metadata": {}, "items": [agent("b").manifest()]})
        await resync(server, world).see_definitions(None)
    assert heard.after == [6, 6]


class HeardOfPools(Listener):
    """Notes after how many requests a pool came."""

    def __init__(self, server: ScriptedServer) -> None:
        self.after: list[int] = []
        self._server = server

    def pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        super().pool_changed(old, new)
        self.after.append(len(self._server.asked))


async def test_pool_is_not_reconciled_before_the_agents_are_known_that_need_its_tools() -> None:
    world = World()
    async with ScriptedServer() as server:
        world.listen(heard := HeardOfPools(server))
        server.will_answer(200, NOTHING)
        server.will_answer(200, NOTHING)
        server.will_answer(200, {"metadata": {}, "items": [pool().manifest()]})
        server.will_answer(200, NOTHING)
        server.will_answer(200, {"metadata": {}, "items": [agent("a").manifest(), agent("b").manifest()]})
        await resync(server, world).see_definitions(None)
    assert heard.after == [5]


async def test_only_unfinished_runs_are_listed() -> None:
    async with ScriptedServer() as server:
        answer_definitions(server)
        server.will_answer(200, NOTHING)
        await resync(server, World()).sweep()
        assert server.asked[-1].query["fieldSelector"] == "status.finished!=true"


async def test_list_that_breaks_off_forgets_nothing() -> None:
    world = World()
    kept = run()
    world.runs.see(kept)
    async with ScriptedServer() as server:
        answer_definitions(server)
        server.will_answer(200, {"metadata": {"continue": "more"}, "items": []})
        server.will_answer(500, {"message": "etcd is away"})
        with pytest.raises(ApiServerError):
            await resync(server, world).sweep()
    assert world.runs.get(Key.of(kept)) == kept


async def test_namespace_that_may_not_be_listed_is_remembered_and_the_others_are_compared() -> None:
    world = World()
    kept, gone = agent(namespace="lost", uid="u-1"), agent(namespace="team", uid="u-2")
    world.agents.see(kept)
    world.agents.see(gone)
    async with ScriptedServer() as server:
        server.will_answer(403, failure("agents is forbidden"))
        answer_definitions(server)
        server.will_answer(200, NOTHING)
        await resync(server, world, "lost", "team").sweep()
    assert list(world.agents) == [kept]
