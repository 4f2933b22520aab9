"""Runs that call tools of MCP servers, whatever becomes of the servers meanwhile."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.evidence import Evidence
from tests.component.examples import answer, finished, shared_tenant, tool_results
from tests.component.platform import Operator, Platform
from tests.component.shops import NewShop, Shop
from tests.component.tenant import TEST_MODULES, Tenant
from tests.standin.control import APPEND, START
from tests.standin.tools import FunctionTool
from tests.user import eventually
from tools.local.processes import Processes

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(scope="module")
def place(
    platform: Platform, session_operator: Operator, numbers: Iterator[int], evidence: Evidence
) -> Iterator[Tenant]:
    """One namespace for all of them."""
    name = f"tenant-{next(numbers)}"
    with shared_tenant(platform, session_operator, evidence, name, modules=TEST_MODULES) as tenant:
        yield tenant


@pytest.fixture
def new_shop(place: Tenant, processes: Processes, tmp_path: Path) -> Iterator[NewShop]:
    """Describe shops; their processes end with the test, and nobody is held."""
    made: list[Shop] = []

    def make(name: str) -> Shop:
        folder = tmp_path / name
        folder.mkdir()
        made.append(Shop(name, place, processes, folder))
        return made[-1]

    yield make
    place.platform.standin.remove_faults()
    for shop in made:
        shop.kill()


def test_server_that_is_killed_in_a_call_and_comes_again_is_called_no_second_time(
    place: Tenant, new_shop: NewShop
) -> None:
    shop, standin = new_shop("mortal"), place.platform.standin
    shop.open("order", "book")
    lost, kept = uuid.uuid4().hex, uuid.uuid4().hex
    told = standin.hold("POST", APPEND, times=1)
    with shop.held():
        text = f"Call {shop.tool('order')} on '{lost}', then call {shop.tool('book')} on '{kept}'."
        place.apply_run("mortal", "mortal", text)
        eventually(lambda: shop.calls, lambda calls: calls == [f"order {lost}"])
        shop.kill()
    standin.wait_until_held(told)
    shop.start("order", "book")
    standin.release(told)
    run = finished(place, "mortal")
    failure, success = tool_results(run)
    assert failure.startswith("mortal_order failed: The connection to the server was lost")
    assert "may or may not have taken effect" in failure
    assert success == f"ordered {kept}"
    assert failure in answer(run)
    assert success in answer(run)
    assert shop.calls == [f"order {lost}", f"book {kept}"]


def test_servers_with_equal_tools_are_each_called_by_their_own_name(place: Tenant, new_shop: NewShop) -> None:
    one, other = new_shop("one"), new_shop("other")
    for shop in (one, other):
        shop.open("order")
    place.ready_agent("both", tools=[one.offer, other.offer])
    run = place.finished_run("both", "both", "Call other_order on 'tea', then call one_order on 'milk'.")
    assert (one.calls, other.calls) == (["order milk"], ["order tea"])
    assert tool_results(run) == ["ordered tea", "ordered milk"]


def test_tool_whose_name_is_longer_than_a_model_can_know_is_called(place: Tenant, new_shop: NewShop) -> None:
    shop, name = new_shop("wordy"), ("order_whatever_anybody_may_want_" * 4)[:100]
    shop.open(name, f"{name[:99]}X")
    known = shop.tool(name)
    assert len(known) == 64
    run = place.finished_run("wordy", "wordy", f"Call {known} on 'tea'.")
    assert shop.calls == [f"{name} tea"]
    assert "ordered tea" in answer(run)


def test_tool_that_vanishes_in_the_middle_of_a_run_is_said_to_the_model(
    place: Tenant, new_shop: NewShop
) -> None:
    shop, standin = new_shop("fickle"), place.platform.standin
    shop.open("order", "book")
    start = standin.hold("POST", START, times=1)
    place.apply_run("fickle", "fickle", "Call fickle_book on 'tea'.")
    standin.wait_until_held(start)
    shop.kill()
    shop.start("order")
    eventually(lambda: sent(place, "fickle"), lambda names: names == ["fickle_order"])
    standin.release(start)
    run = finished(place, "fickle")
    [failure] = tool_results(run)
    assert failure.startswith("fickle_book failed: ")
    assert "Unknown tool: book" in failure
    assert failure in answer(run)
    assert shop.calls == []


def test_server_that_hangs_is_given_up_and_said_to_the_model(place: Tenant, new_shop: NewShop) -> None:
    shop = new_shop("slow")
    shop.open("order", callTimeout="1s")
    with shop.held():
        run = place.finished_run("slow", "slow", "Call slow_order on 'tea'.")
    [failure] = tool_results(run)
    assert "did not answer the call of order within 1s" in failure
    assert failure in answer(run)
    assert shop.calls == ["order tea"]


def test_server_that_floods_is_given_up_and_said_to_the_model(place: Tenant, new_shop: NewShop) -> None:
    shop = new_shop("talker")
    shop.open("flood")
    run = place.finished_run("talker", "talker", "Call talker_flood on 'tea'.")
    [failure] = tool_results(run)
    assert failure.startswith("talker_flood failed: The server sent more than 16 MB")
    assert failure in answer(run)
    assert shop.calls == ["flood tea"]


def sent(place: Tenant, agent: str) -> list[str]:
    """Name the functions that an agent has on the stand-in's side."""
    name = f"{place.namespace}.{agent}"
    [remote] = [each for each in place.remote_agents() if each.current.name == name]
    return [tool.function.name for tool in remote.current.tools if isinstance(tool, FunctionTool)]
