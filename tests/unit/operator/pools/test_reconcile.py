from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract import CONTRACT
from agents_crds.contract.tools import OfferedTool, ToolCatalogue
from agents_crds.v1alpha1 import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.errors import Stalled
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.pools.reconcile import probe_pause, removable, require_known_contract
from agents_operator.pools.status import described_tools, ready_status
from agents_operator.temporal.builds import ObservedBuilds
from tests.unit.operator.objects import NOW, Manifest, condition, pool, tool


def catalogue(*names: str, contract: int = CONTRACT) -> ToolCatalogue:
    return ToolCatalogue(
        contract=contract,
        tools=tuple(
            OfferedTool(
                name=name,
                description=f"Does {name}.",
                parameters=JsonSchema({"type": "object"}),
                idempotent=True,
                timeout=timedelta(seconds=5),
            )
            for name in names
        ),
    )


def test_worker_of_the_same_contract_is_welcome() -> None:
    require_known_contract(catalogue())


@pytest.mark.parametrize(
    ("contract", "reason", "remedy"),
    [
        (CONTRACT - 1, Reason.WORKER_TOO_OLD, "rebuild the image on this release's worker"),
        (CONTRACT + 1, Reason.WORKER_TOO_NEW, "upgrade the operator first"),
    ],
)
def test_worker_of_another_contract_stalls_with_what_to_do(
    contract: int, reason: Reason, remedy: str
) -> None:
    with pytest.raises(Stalled, match=remedy) as stalled:
        require_known_contract(catalogue(contract=contract))
    assert stalled.value.reason is reason


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "build b2 offers 0 tools"),
        (("pay",), "build b2 offers 1 tool"),
        (("get_rate", "pay"), "build b2 offers 2 tools"),
    ],
)
def test_status_says_which_build_answered_and_with_what(names: tuple[str, ...], message: str) -> None:
    before = pool(
        status={
            "build": "b1",
            "tools": [tool("gone")],
            "conditions": [condition("Ready", "False", "WorkerNotResponding")],
        },
        generation=2,
    )
    status = ready_status(before, "b2", described_tools(catalogue(*names)), now=NOW)
    assert (status.build, status.observed_generation) == ("b2", 2)
    assert tuple(offered.name for offered in status.tools) == names
    (ready,) = status.conditions
    assert (ready.status, ready.reason, ready.message) == ("True", "Available", message)


def test_tool_keeps_what_the_worker_told_of_it() -> None:
    (offered,) = described_tools(catalogue("pay"))
    assert offered.description == "Does pay."
    assert offered.parameters == {"type": "object"}
    assert (offered.idempotent, offered.timeout) == (True, timedelta(seconds=5))


def test_tool_that_does_not_fit_is_named() -> None:
    with pytest.raises(Stalled, match="tool 'pay now' of the worker: name: ") as stalled:
        described_tools(catalogue("pay now"))
    assert stalled.value.reason is Reason.TOOL_INVALID


def test_more_tools_than_a_pool_has_room_for_are_refused() -> None:
    with pytest.raises(Stalled, match="offers 257 tools and a pool has room for 256") as stalled:
        described_tools(catalogue(*(f"tool_{number}" for number in range(257))))
    assert stalled.value.reason is Reason.TOOL_INVALID


def silent(since: str) -> Manifest:
    return condition("Ready", "False", "WorkerNotResponding", since=since)


def deployment(build: str) -> WorkerDeployment:
    labels = {"durable-agents.dev/build": build}
    return WorkerDeployment.model_validate({"metadata": {"name": f"default-{build}", "labels": labels}})


@pytest.mark.parametrize(
    ("current", "in_use", "removed"),
    [
        pytest.param("b2", {"b1", "b2"}, [], id="the last build drains"),
        pytest.param("b2", {"b2"}, ["b1"], id="the last build has drained"),
        pytest.param("b1", {"b1"}, [], id="the switch is just being made"),
        pytest.param("b1", set(), [], id="the build that is being replaced is not listed"),
        pytest.param(None, set(), ["b1"], id="the last build never answered"),
    ],
)
def test_build_is_removed_when_no_workflow_can_be_pinned_to_it(
    current: str | None, in_use: set[str], removed: list[str]
) -> None:
    builds = ObservedBuilds(current=current, in_use=frozenset(in_use))
    assert [each.build for each in removable((deployment("b1"),), builds)] == removed


@pytest.mark.parametrize(
    ("conditions", "seconds"),
    [
        pytest.param([], 1, id="nobody has asked yet"),
        pytest.param([condition("Ready", "True", "Available")], 1, id="the last build was there"),
        pytest.param([silent(since="2026-03-01T12:00:25Z")], 1, id="for 5 s"),
        pytest.param([silent(since="2026-03-01T11:58:50Z")], 10, id="for 100 s"),
        pytest.param([silent(since="2026-03-01T09:30:30Z")], 30, id="for hours"),
    ],
)
def test_worker_that_does_not_answer_is_asked_ever_less_often(
    conditions: list[JsonValue], seconds: float
) -> None:
    assert probe_pause(pool(status={"conditions": conditions}), NOW) == timedelta(seconds=seconds)
