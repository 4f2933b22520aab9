"""Which one write brings a remote agent to what is desired."""

import pytest

from agents_crds.v1alpha1 import Agent, AgentStatus, Condition, ModelProvider, ObjectMeta, RemoteAgent
from agents_operator.agents.plan import (
    Create,
    Elsewhere,
    Here,
    Keep,
    Nowhere,
    Place,
    Update,
    is_in_step,
    is_interrupted_move,
    place,
    plan_agent,
)
from agents_operator.mistral import MistralAgent
from tests.unit.operator.agents.samples import NOW, agent, desired, remote

HASH = desired().hash
URL = "https://provider"
PROVIDER = ModelProvider.model_validate(
    {
        "metadata": ObjectMeta(name="default", namespace="team-a", uid="uid-2", generation=1),
        "spec": {"url": URL, "apiKeySecretRef": {"name": "mistral"}},
    }
)
AT = RemoteAgent(id="ag_1", version=3, hash=HASH, provider="default", url=URL)


def recorded(**fields: object) -> RemoteAgent:
    return AT.model_copy(update=fields)


@pytest.mark.parametrize(
    ("on_record", "found", "expected"),
    [
        (None, None, Create(desired())),
        (AT, None, Create(desired())),
        (AT, remote(version=3), Keep(remote(version=3))),
        # Content that the server writes in its own way is no reason to send it again.
        (AT, remote(version=3, instructions="be brief"), Keep(remote(version=3, instructions="be brief"))),
        # A newer version that is what we would send: our own update, whose answer was lost.
        (recorded(hash="old"), remote(version=4), Keep(remote(version=4))),
        (AT, remote(version=4), Keep(remote(version=4))),
        # A newer version that is something else: somebody was there.
        (
            AT,
            remote(version=4, instructions="Be rude."),
            Update(remote(version=4, instructions="Be rude."), desired(), drifted=True),
        ),
        (AT, remote(version=4, hash=None), Update(remote(version=4, hash=None), desired(), drifted=True)),
        (
            AT,
            remote(version=2, model="older"),
            Update(remote(version=2, model="older"), desired(), drifted=True),
        ),
        # A newer spec.
        (
            recorded(hash="old"),
            remote(version=3, hash="old"),
            Update(remote(version=3, hash="old"), desired(), drifted=False),
        ),
        # Adopted: as it was left, changed since, and of an older spec.
        (None, remote(version=7), Keep(remote(version=7))),
        (None, remote(model="older"), Update(remote(model="older"), desired(), drifted=False)),
        (None, remote(hash="old"), Update(remote(hash="old"), desired(), drifted=False)),
    ],
)
def test_plan(
    on_record: RemoteAgent | None, found: MistralAgent | None, expected: Create | Update | Keep
) -> None:
    assert plan_agent(desired(), on_record, found) == expected


@pytest.mark.parametrize(
    ("on_record", "expected", "interrupted"),
    [
        (None, Nowhere(), False),
        (recorded(id=None, create_pending=True), Nowhere(), False),
        (AT, Here(AT, "ag_1"), False),
        (recorded(provider=None), Here(recorded(provider=None), "ag_1"), False),
        (recorded(provider="other"), Elsewhere(recorded(provider="other")), False),
        (
            recorded(provider="other", create_pending=True),
            Elsewhere(recorded(provider="other", create_pending=True)),
            True,
        ),
        (recorded(create_pending=True), Here(recorded(create_pending=True), "ag_1"), True),
        # Recorded by a release that did not record addresses.
        (recorded(url=None), Here(recorded(url=None), "ag_1"), False),
        (recorded(url="https://old"), Elsewhere(recorded(url="https://old")), False),
    ],
)
def test_place(on_record: RemoteAgent | None, expected: Place, interrupted: bool) -> None:  # noqa: FBT001
    where = place(on_record, PROVIDER)
    assert where == expected
    assert is_interrupted_move(on_record, where) is interrupted


READY = Condition(type="Ready", status="True", reason="Synced", message="", last_transition_time=NOW)


def known(on_record: RemoteAgent | None, *conditions: Condition) -> Agent:
    return agent().model_copy(update={"status": AgentStatus(remote=on_record, conditions=conditions)})


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (known(AT, READY), True),
        (known(AT), False),
        (known(recorded(hash="old"), READY), False),
        (known(recorded(create_pending=True), READY), False),
        (known(recorded(provider="other"), READY), False),
        (known(recorded(url="https://old"), READY), False),
        (known(None, READY), False),
    ],
)
def test_agent_is_in_step_when_nothing_needs_sending(stored: Agent, expected: bool) -> None:  # noqa: FBT001
    assert is_in_step(stored, desired(), PROVIDER) is expected
