from collections.abc import Callable

import pytest

from agents_crds.v1alpha1 import Agent, AgentRun, MCPServer, ModelProvider, WorkerPool
from agents_operator.engine.world import Cache, Key, Listener, World
from tests.unit.operator.objects import NAMESPACE, agent, mcp_server, pool, provider, run


class Watcher:
    """Hears what changed, as the resource versions before and after."""

    def __init__(self) -> None:
        self.changes: list[tuple[str | None, str | None]] = []

    def changed(self, old: Agent | None, new: Agent | None) -> None:
        self.changes.append((_version(old), _version(new)))


def _version(stored: Agent | None) -> str | None:
    return None if stored is None else stored.metadata.resource_version


def version(number: int, *, uid: str = "one") -> Agent:
    return agent(resourceVersion=str(number), uid=uid)


def versions(cache: Cache[Agent]) -> list[str]:
    return [stored.metadata.resource_version for stored in cache]


def test_each_step_is_told_from_old_to_new() -> None:
    watcher = Watcher()
    cache = Cache[Agent](watcher.changed)
    cache.see(version(1))
    cache.see(version(2))
    cache.forget(Key.of(version(2)), version="3")
    assert watcher.changes == [(None, "1"), ("1", "2"), ("2", None)]


@pytest.mark.parametrize("late", [9, 10])
def test_late_event_never_takes_an_object_back(late: int) -> None:
    watcher = Watcher()
    cache = Cache[Agent](watcher.changed)
    cache.see(version(10))
    cache.see(version(late))
    assert versions(cache) == ["10"]
    assert watcher.changes == [(None, "10")]


def test_versions_are_ordered_as_numbers() -> None:
    cache = Cache[Agent](Watcher().changed)
    cache.see(version(9))
    cache.see(version(10))
    assert versions(cache) == ["10"]


@pytest.mark.parametrize("late", [1, 2, 3])
def test_late_answer_to_a_write_brings_no_object_back_that_is_gone(late: int) -> None:
    watcher = Watcher()
    cache = Cache[Agent](watcher.changed)
    cache.see(version(1))
    cache.forget(Key.of(version(1)), version="3")
    cache.see(version(late))
    assert versions(cache) == []
    assert watcher.changes == [(None, "1"), ("1", None)]


@pytest.mark.parametrize(("answered", "there"), [(2, False), (3, True)])
def test_object_that_a_write_of_ours_took_from_the_selection_is_known_to_be_there(
    answered: int, *, there: bool
) -> None:
    cache = Cache[Agent](Watcher().changed)
    cache.see(version(1))
    cache.forget(Key.of(version(1)), version="3")
    assert not cache.has_left(Key.of(version(1)))
    cache.see(version(answered))
    assert cache.has_left(Key.of(version(1))) is there


@pytest.mark.parametrize(("gone", "there"), [("3", True), ("4", False), ("", False)])
def test_object_that_goes_after_the_answer_to_our_write_is_there_if_it_went_by_that(
    gone: str, *, there: bool
) -> None:
    cache = Cache[Agent](Watcher().changed)
    cache.see(version(1))
    cache.see(version(3))
    cache.forget(Key.of(version(1)), version=gone)
    assert cache.has_left(Key.of(version(1))) is there


def test_late_event_changes_nothing_about_where_an_object_is() -> None:
    cache = Cache[Agent](Watcher().changed)
    cache.forget(Key.of(version(1)), version="3")
    cache.see(version(3))
    cache.see(version(2))
    assert cache.has_left(Key.of(version(1)))


def test_object_that_left_the_selection_can_come_back() -> None:
    cache = Cache[Agent](Watcher().changed)
    cache.see(version(1))
    cache.forget(Key.of(version(1)), version="3")
    cache.see(version(4))
    assert versions(cache) == ["4"]


def test_object_that_was_never_seen_can_be_forgotten() -> None:
    watcher = Watcher()
    cache = Cache[Agent](watcher.changed)
    cache.forget(Key.of(version(1)), version="2")
    assert watcher.changes == []


def recreated_after_its_end(cache: Cache[Agent], old: Agent, new: Agent) -> None:
    cache.see(old)
    cache.forget(Key.of(old))
    cache.see(new)


def recreated_before_its_end(cache: Cache[Agent], old: Agent, new: Agent) -> None:
    cache.see(old)
    cache.see(new)
    cache.forget(Key.of(old))


@pytest.mark.parametrize("recreate", [recreated_after_its_end, recreated_before_its_end])
def test_recreated_object_takes_over_the_name(
    recreate: Callable[[Cache[Agent], Agent, Agent], None],
) -> None:
    cache = Cache[Agent](Watcher().changed)
    old, new = version(1, uid="old"), version(2, uid="new")
    recreate(cache, old, new)
    assert cache.named(NAMESPACE, "finance") is new
    assert cache.get(Key.of(new)) is new
    assert cache.get(Key.of(old)) is None
    assert cache.by_uid("old") is None


def test_key_of_an_old_object_never_finds_the_new_one() -> None:
    cache = Cache[Agent](Watcher().changed)
    old = version(1, uid="old")
    cache.see(version(2, uid="new"))
    assert cache.get(Key.of(old)) is None


def test_name_is_free_when_its_object_is_gone() -> None:
    cache = Cache[Agent](Watcher().changed)
    cache.see(version(1))
    cache.forget(Key.of(version(1)))
    assert cache.named(NAMESPACE, "finance") is None
    assert len(cache) == 0


def test_objects_of_another_namespace_are_apart() -> None:
    cache = Cache[Agent](Watcher().changed)
    here, there = agent(uid="here"), agent(uid="there", namespace="elsewhere")
    cache.see(here)
    cache.see(there)
    assert list(cache.within("elsewhere")) == [there]
    assert cache.named(NAMESPACE, "finance") is here


def test_cache_can_be_changed_while_it_is_read() -> None:
    cache = Cache[Agent](Watcher().changed)
    cache.see(version(1))
    for stored in cache:
        cache.forget(Key.of(stored))
    assert len(cache) == 0


class Kinds(Listener):
    """Hears of every kind."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, object]] = []

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        self.heard.append((old, new))

    def run_changed(self, old: AgentRun | None, new: AgentRun | None) -> None:
        self.heard.append((old, new))

    def provider_changed(self, old: ModelProvider | None, new: ModelProvider | None) -> None:
        self.heard.append((old, new))

    def pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        self.heard.append((old, new))

    def mcp_server_changed(self, old: MCPServer | None, new: MCPServer | None) -> None:
        self.heard.append((old, new))


def test_world_tells_every_listener_of_every_kind() -> None:
    world = World()
    first, second = Kinds(), Kinds()
    world.listen(first)
    world.listen(second)
    world.agents.see(agent())
    world.runs.see(run())
    world.providers.see(provider())
    world.pools.see(pool())
    world.mcp_servers.see(mcp_server())
    everything = (agent(), run(), provider(), pool(), mcp_server())
    assert first.heard == second.heard == [(None, each) for each in everything]


def test_late_listener_hears_of_all_that_is_there_and_of_what_is_referred_to_first() -> None:
    world, late = World(), Kinds()
    world.runs.see(run())
    world.agents.see(agent())
    world.mcp_servers.see(mcp_server())
    world.pools.see(pool())
    world.providers.see(provider())
    gone = agent("gone")
    world.agents.see(gone)
    world.agents.forget(Key.of(gone))
    world.listen(late)
    assert late.heard == [(None, each) for each in (provider(), pool(), mcp_server(), agent(), run())]
