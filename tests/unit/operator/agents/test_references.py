"""What an Agent refers to, and what is said when it is not there."""

from datetime import timedelta
from typing import Literal

import pytest
from pydantic import JsonValue

from agents_crds.contract import SECOND_CONTRACT
from agents_crds.v1alpha1 import (
    Condition,
    ModelProvider,
    ModelProviderSpec,
    ModelProviderStatus,
    ObjectMeta,
    Reason,
    ToolDescription,
    WorkerPool,
    WorkerPoolSpec,
    WorkerPoolStatus,
)
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.agents.nearest import nearest_names
from agents_operator.agents.references import NO_TOOLS, resolve_refs
from agents_operator.agents.tools import tool_name
from agents_operator.engine.world import World
from agents_operator.errors import Stalled, Waiting
from tests.unit.operator.agents.samples import NOW, RATE, agent

RETRY = timedelta(seconds=10)
META = ObjectMeta(name="default", namespace="team-a", uid="uid", generation=2, resource_version="1")
TEMPLATE = {"spec": {"containers": [{"name": "worker", "image": "worker:1"}]}}


def ready(
    status: Literal["True", "False", "Unknown"], reason: Reason = Reason.AVAILABLE, *, generation: int = 2
) -> tuple[Condition, ...]:
    return (
        Condition(
            type="Ready",
            status=status,
            reason=reason.value,
            message="its own words",
            observed_generation=generation,
            last_transition_time=NOW,
        ),
    )


def provider(*conditions: Condition) -> ModelProvider:
    return ModelProvider(
        metadata=META,
        spec=ModelProviderSpec(api_key_secret_ref=SecretKeyRef(name="mistral")),
        status=ModelProviderStatus(conditions=conditions),
    )


def pool(
    *tools: ToolDescription,
    build: str | None = "b1",
    conditions: tuple[Condition, ...] = ready("True"),
    contract: int | None = None,
) -> WorkerPool:
    return WorkerPool(
        metadata=META,
        spec=WorkerPoolSpec.model_validate({"template": TEMPLATE}),
        status=WorkerPoolStatus(build=build, tools=tools, conditions=conditions, contract=contract),
    )


def world(*objects: ModelProvider | WorkerPool) -> World:
    made = World()
    for stored in objects:
        match stored:
            case ModelProvider():
                made.providers.see(stored)
            case WorkerPool():
                made.pools.see(stored)
    return made


GOOD = provider(*ready("True"))
STARTING = ready("False", Reason.WORKER_NOT_RESPONDING)


@pytest.mark.parametrize(
    ("seen", "reason", "expected", "words"),
    [
        (world(pool(RATE)), Reason.PROVIDER_NOT_FOUND, False, "ModelProvider default"),
        (world(provider(), pool(RATE)), Reason.PROVIDER_NOT_READY, True, "is being checked"),
        (world(provider(*ready("Unknown")), pool(RATE)), Reason.PROVIDER_NOT_READY, True, "is being checked"),
        (
            world(provider(*ready("False", Reason.SECRET_NOT_FOUND)), pool(RATE)),
            Reason.PROVIDER_NOT_READY,
            False,
            "SecretNotFound: its own words",
        ),
        (
            world(provider(*ready("False", Reason.PROVIDER_UNAUTHORIZED)), pool(RATE)),
            Reason.PROVIDER_NOT_READY,
            False,
            "ProviderUnauthorized",
        ),
        (world(GOOD), Reason.WORKER_POOL_NOT_FOUND, False, "WorkerPool default"),
        (world(GOOD, pool(build=None, conditions=())), Reason.WORKER_POOL_NOT_READY, True, "told its tools"),
        (
            world(GOOD, pool(build=None, conditions=STARTING)),
            Reason.WORKER_POOL_NOT_READY,
            True,
            "WorkerNotResponding: its own words",
        ),
        (world(GOOD, pool(conditions=STARTING)), Reason.WORKER_POOL_NOT_READY, True, "new build"),
        (
            world(GOOD, pool(conditions=ready("True", generation=1))),
            Reason.WORKER_POOL_NOT_READY,
            True,
            "get_rate",
        ),
    ],
)
def test_missing_reference_is_waited_for(seen: World, reason: Reason, *, expected: bool, words: str) -> None:
    with pytest.raises(Waiting) as raised:
        resolve_refs(agent(), seen, retry_interval=RETRY)
    assert (raised.value.reason, raised.value.expected) == (reason, expected)
    assert raised.value.condition == "ResolvedRefs"
    assert words in raised.value.message


def test_unknown_tool_is_final() -> None:
    other = RATE.model_copy(update={"name": "get_rates"})
    with pytest.raises(Stalled, match=r"spec.tools\[0\] names function get_rate.*did you mean get_rates"):
        resolve_refs(agent(), world(GOOD, pool(other)), retry_interval=RETRY)


def test_tools_come_in_the_order_of_the_spec() -> None:
    time = RATE.model_copy(update={"name": "get_time"})
    both = agent(tools=[{"function": {"name": name}} for name in ("get_time", "get_rate")])
    refs = resolve_refs(both, world(GOOD, pool(RATE, time)), retry_interval=RETRY)
    assert [tool_name(tool) for tool in refs.tools] == ["get_time", "get_rate"]
    assert refs.provider_answers


def test_pool_whose_workers_are_away_still_resolves() -> None:
    assert resolve_refs(agent(), world(GOOD, pool(RATE, conditions=STARTING)), retry_interval=RETRY).tools


def test_silent_provider_still_resolves() -> None:
    silent = provider(*ready("False", Reason.PROVIDER_UNREACHABLE))
    refs = resolve_refs(agent(), world(silent, pool(RATE)), retry_interval=RETRY)
    assert not refs.provider_answers


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ((), "it offers no tools: does WORKER_MODULES name the modules that have them?"),
        (("get_rates",), "did you mean get_rates?"),
        (("send_mail", "draw"), "it offers draw, send_mail"),
        (tuple(f"zz{number:02}" for number in range(12)), "and 2 more"),
    ],
)
def test_nearest_names(offered: tuple[str, ...], expected: str) -> None:
    assert expected in nearest_names("get_rate", offered, none=NO_TOOLS)


@pytest.mark.parametrize(
    "asked", [{"outputSchema": {"type": "object"}}, {"limits": {"maxTotalTokens": 5}}], ids=str
)
def test_workers_that_would_pass_over_what_an_agent_asks_for_are_too_old(asked: dict[str, JsonValue]) -> None:
    demanding = agent(**asked)
    with pytest.raises(Waiting, match="rebuild its image") as waiting:
        resolve_refs(demanding, world(GOOD, pool(RATE)), retry_interval=RETRY)
    assert waiting.value.reason is Reason.WORKER_TOO_OLD
    able = world(GOOD, pool(RATE, contract=SECOND_CONTRACT))
    assert resolve_refs(demanding, able, retry_interval=RETRY).tools
