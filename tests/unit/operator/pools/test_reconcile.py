from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract import CONTRACT, OLDEST_CONTRACT
from agents_crds.contract.tools import OfferedTool, ToolCatalogue
from agents_crds.v1alpha1 import ConditionType, Reason, WorkerPool, WorkerPoolStatus
from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.engine.settle import early_status
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.pools.contract import require_known_contract
from agents_operator.pools.offer import probe_pause, silent_since
from agents_operator.pools.rollout import removable
from agents_operator.pools.status import blame, described_offer, ready_status
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


@pytest.mark.parametrize("contract", [OLDEST_CONTRACT, CONTRACT])
def test_worker_of_this_contract_or_the_one_before_is_welcome(contract: int) -> None:
    require_known_contract(catalogue(contract=contract))


@pytest.mark.parametrize(
    ("contract", "reason", "remedy"),
    [
        (OLDEST_CONTRACT - 1, Reason.WORKER_TOO_OLD, "rebuild the image on this release's worker"),
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
    status = ready_status(before, "b2", described_offer(catalogue(*names)), now=NOW)
    assert (status.build, status.contract, status.observed_generation) == ("b2", CONTRACT, 2)
    assert tuple(offered.name for offered in status.tools) == names
    ready, progressing = status.conditions
    assert (ready.status, ready.reason, ready.message) == ("True", "Available", message)
    assert (progressing.type, progressing.status, progressing.reason) == (
        "Progressing",
        "False",
        "RolloutComplete",
    )


def test_tool_keeps_what_the_worker_told_of_it() -> None:
    (offered,) = described_offer(catalogue("pay")).tools
    assert offered.description == "Does pay."
    assert offered.parameters == {"type": "object"}
    assert (offered.idempotent, offered.timeout) == (True, timedelta(seconds=5))


def test_tool_that_does_not_fit_is_named() -> None:
    with pytest.raises(Stalled, match="tool 'pay now' of the worker: name: ") as stalled:
        described_offer(catalogue("pay now"))
    assert stalled.value.reason is Reason.TOOL_INVALID


def test_more_tools_than_a_pool_has_room_for_are_refused() -> None:
    with pytest.raises(Stalled, match="offers 257 tools and a pool has room for 256") as stalled:
        described_offer(catalogue(*(f"tool_{number}" for number in range(257))))
    assert stalled.value.reason is Reason.TOOL_INVALID


def silent(since: str) -> Manifest:
    return condition("Ready", "False", "WorkerNotResponding", since=since)


def deployment(
    build: str, *, ready: int = 1, replicas: int = 1, created: str = "2026-03-01T11:00:00Z"
) -> WorkerDeployment:
    return WorkerDeployment.model_validate(
        {
            "metadata": {
                "name": f"default-{build}",
                "labels": {"durable-agents.dev/build": build},
                "creationTimestamp": created,
            },
            "spec": {"replicas": replicas},
            "status": {"readyReplicas": ready},
        }
    )


@pytest.mark.parametrize(
    ("replaced", "current", "in_use", "removed"),
    [
        pytest.param("b2", "b2", {"b1", "b2"}, [], id="the last build drains"),
        pytest.param("b2", "b2", {"b2"}, ["b1"], id="the last build has drained"),
        pytest.param("b1", "b1", {"b1"}, [], id="the next build has not answered"),
        pytest.param("b1", None, set(), [], id="Temporal has forgotten it and the next has not answered"),
        pytest.param(None, "b1", set(), [], id="the build that is current is not listed"),
        pytest.param(None, None, set(), ["b1"], id="the last build never answered"),
        pytest.param("b0", "b0", {"b0"}, ["b1"], id="the one in between never answered"),
    ],
)
def test_build_is_removed_when_no_workflow_can_be_pinned_to_it(
    replaced: str | None, current: str | None, in_use: set[str], removed: list[str]
) -> None:
    builds = ObservedBuilds(current=current, in_use=frozenset(in_use))
    assert [each.build for each in removable((deployment("b1"),), builds, replaced)] == removed


@pytest.mark.parametrize(
    ("since", "seconds"),
    [
        pytest.param(None, 1, id="nobody has asked yet"),
        pytest.param(NOW - timedelta(seconds=5), 1, id="for 5 s"),
        pytest.param(NOW - timedelta(seconds=100), 10, id="for 100 s"),
        pytest.param(NOW - timedelta(hours=3), 30, id="for hours"),
    ],
)
def test_worker_that_does_not_answer_is_asked_ever_less_often(since: datetime | None, seconds: float) -> None:
    assert probe_pause(since, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("build", "conditions", "own", "since"),
    [
        pytest.param("b1", [silent("2026-03-01T11:58:50Z")], deployment("b1"), "11:58:50", id="was current"),
        pytest.param("b1", [condition("Ready", "True", "Available")], deployment("b1"), None, id="was there"),
        pytest.param(
            "b2",
            [condition("Ready", "True", "Available")],
            deployment("b2", created="2026-03-01T12:00:10Z"),
            "12:00:10",
            id="rolls out",
        ),
        pytest.param("b2", [silent("2026-03-01T09:00:00Z")], None, None, id="has just been applied"),
    ],
)
def test_worker_is_silent_since_it_was_last_there_or_its_deployment_was_made(
    build: str, conditions: list[JsonValue], own: WorkerDeployment | None, since: str | None
) -> None:
    found = silent_since(pool(status={"build": "b1", "conditions": conditions}), build, own)
    assert (found and found.strftime("%H:%M:%S")) == since


def ended(
    stored: WorkerPool, *older: WorkerDeployment, build: str = "b2"
) -> tuple[list[str], Waiting, WorkerPoolStatus]:
    """Let a reconcile end early, and return the conditions as they are written."""
    early = Waiting(Reason.IMAGE_PULL_FAILED, "the image is not there", after=timedelta(seconds=1))
    blame(early, stored, build, older, now=NOW)
    status = early_status(stored, early, summary=ConditionType.READY, undone="False", now=NOW)
    assert isinstance(status, WorkerPoolStatus)
    return [f"{each.type} {each.status} {each.reason}" for each in status.conditions], early, status


SERVING: Manifest = {"build": "b1", "tools": [tool("pay")]}


@pytest.mark.parametrize(
    "old",
    [
        pytest.param(deployment("b1"), id="with a worker"),
        pytest.param(deployment("b1", ready=0, replicas=0), id="scaled to none"),
    ],
)
def test_broken_build_leaves_the_pool_ready_on_the_one_before(old: WorkerDeployment) -> None:
    conditions, early, status = ended(pool(status=SERVING, generation=7), old)
    assert sorted(conditions) == ["Progressing True ImagePullFailed", "Ready True Available"]
    assert early.condition is ConditionType.PROGRESSING
    assert (status.build, [offered.name for offered in status.tools]) == ("b1", ["pay"])
    ready = next(each for each in status.conditions if each.type == "Ready")
    assert ready.message == (
        "build b1 offers 1 tool; build b2 of the present spec is not in use: "
        "ImagePullFailed: the image is not there"
    )


def test_who_waits_for_the_new_spec_to_be_ready_is_not_told_of_the_old_one() -> None:
    _, _, status = ended(pool(status=SERVING, generation=7), deployment("b1"))
    observed = {each.type: each.observed_generation for each in status.conditions}
    assert observed == {"Progressing": 7, "Ready": 6}
    assert status.observed_generation == 7


@pytest.mark.parametrize(
    ("status", "older"),
    [
        pytest.param({}, (), id="first build"),
        pytest.param({}, (deployment("b1"),), id="no build has ever answered"),
        pytest.param(SERVING, (), id="Deployment of the last build is gone"),
        pytest.param(SERVING, (deployment("b1", ready=0),), id="last build has no worker"),
        pytest.param(SERVING, (deployment("b0"),), id="only an older one has"),
    ],
)
def test_broken_build_without_a_working_one_before_is_not_ready(
    status: Manifest, older: tuple[WorkerDeployment, ...]
) -> None:
    conditions, _, _ = ended(pool(status=status), *older)
    assert sorted(conditions) == ["Progressing True ImagePullFailed", "Ready False ImagePullFailed"]


def test_current_build_whose_workers_go_is_not_ready_and_stays_rolled_out() -> None:
    conditions, early, _ = ended(pool(status=SERVING), deployment("b0"), build="b1")
    assert sorted(conditions) == ["Progressing False RolloutComplete", "Ready False ImagePullFailed"]
    assert early.condition is ConditionType.READY


def test_current_build_that_serves_stays_ready_when_its_deployment_cannot_be_written() -> None:
    conditions, early, status = ended(pool(status=SERVING, generation=7), deployment("b1"), build="b1")
    assert sorted(conditions) == ["Progressing True ImagePullFailed", "Ready True Available"]
    assert early.condition is ConditionType.PROGRESSING
    ready = next(each for each in status.conditions if each.type == "Ready")
    assert ready.message == "build b1 offers 1 tool; ImagePullFailed: the image is not there"
    assert ready.observed_generation == 7


@pytest.mark.parametrize("build", ["b1", "b2"])
def test_early_end_that_goes_on_is_no_change(build: str) -> None:
    early = Waiting(Reason.IMAGE_PULL_FAILED, "the image is not there", after=timedelta(seconds=1))
    stored, statuses = pool(status=SERVING), []
    for now in (NOW, NOW + timedelta(minutes=1)):
        blame(early, stored, build, (deployment("b1"),), now=now)
        statuses.append(early_status(stored, early, summary=ConditionType.READY, undone="False", now=now))
        stored = pool(status=SERVING | {"conditions": statuses[0].manifest()["conditions"]})
    assert statuses[0] == statuses[1]
