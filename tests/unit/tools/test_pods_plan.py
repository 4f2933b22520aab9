from datetime import UTC, datetime, timedelta

import pytest

from tools.local.pods.model import (
    Container,
    Deployment,
    DeploymentSpec,
    DeploymentStatus,
    EnvVar,
    Metadata,
    PodSpec,
    PodTemplate,
)
from tools.local.pods.plan import Action, Replica, Start, Stop, backoff, crashes_after, plan_replicas
from tools.local.pods.status import deployment_status

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def deployment(replicas: int, *, color: str = "red", deleted: bool = False) -> Deployment:
    worker = Container(name="worker", env=(EnvVar(name="COLOR", value=color),))
    metadata = Metadata(
        name="pool", namespace="default", generation=3, deletion_timestamp=NOW if deleted else None
    )
    template = PodTemplate(spec=PodSpec(containers=(worker,)))
    return Deployment(metadata=metadata, spec=DeploymentSpec(replicas=replicas, template=template))


RED = deployment(1).spec.template.hash
BLUE = deployment(1, color="blue").spec.template.hash


def running(index: int, template: str = RED) -> Replica:
    return Replica(index, template, started_at=0)


def crashed(index: int, *, crashes: int, at: float) -> Replica:
    return Replica(index, RED, started_at=0, ended_at=at, crashes=crashes)


@pytest.mark.parametrize(
    ("wanted", "replicas", "actions"),
    [
        (deployment(2), (), (Start(0, 0), Start(1, 0))),
        (deployment(1), (running(0),), ()),
        (deployment(1), (running(0), running(1)), (Stop(1),)),
        (deployment(1), (running(0, BLUE),), (Stop(0), Start(0, 0))),
        (deployment(0), (running(0),), (Stop(0),)),
        (deployment(1, deleted=True), (running(0),), (Stop(0),)),
        (None, (running(0),), (Stop(0),)),
        (deployment(1), (crashed(0, crashes=1, at=100),), (Start(0, 1),)),
        (deployment(1), (crashed(0, crashes=4, at=99),), ()),
        (deployment(1), (crashed(0, crashes=4, at=96),), (Start(0, 4),)),
    ],
)
def test_replicas_follow_the_deployment(
    wanted: Deployment | None, replicas: tuple[Replica, ...], actions: tuple[Action, ...]
) -> None:
    assert plan_replicas(wanted, replicas, now=100, startable=True) == actions


def test_nothing_starts_or_is_replaced_while_it_cannot_start() -> None:
    replicas = (running(0, BLUE), running(3))
    assert plan_replicas(deployment(2), replicas, now=100, startable=False) == (Stop(3),)


def test_first_restart_is_at_once_and_later_ones_wait_longer() -> None:
    assert [backoff(crashes) for crashes in (1, 2, 3, 4, 5, 6, 50)] == [0, 1, 2, 4, 8, 10, 10]


def test_process_that_ran_steadily_starts_counting_anew() -> None:
    assert crashes_after(crashed(0, crashes=3, at=5), now=5) == 4
    assert crashes_after(crashed(0, crashes=3, at=5), now=60) == 1


def test_template_changes_with_anything_a_process_sees() -> None:
    template = deployment(1).spec.template
    restarted = template.model_copy(update={"metadata": Metadata(annotations={"restartedAt": "now"})})
    assert len({template.hash, BLUE, restarted.hash}) == 3


def test_status_counts_what_runs_and_what_is_current() -> None:
    replicas = (running(0), running(1, BLUE), crashed(2, crashes=1, at=1))
    status = deployment_status(deployment(3), replicas, missing=(), now=NOW)
    assert status.observed_generation == 3
    assert (status.replicas, status.updated_replicas, status.ready_replicas) == (3, 2, 2)
    assert status.unavailable_replicas == 1
    available, progressing = status.conditions
    assert (available.status, available.reason) == ("False", "MinimumReplicasUnavailable")
    assert progressing.reason == "ReplicaSetUpdated"


def test_status_names_the_secret_that_is_waited_for() -> None:
    status = deployment_status(deployment(1), (), missing=("Secret keys",), now=NOW)
    assert "Waiting for Secret keys." in [condition.message for condition in status.conditions]


def test_unchanged_status_keeps_its_times() -> None:
    before = deployment_status(deployment(1), (running(0),), missing=(), now=NOW)
    observed = deployment(1).model_copy(update={"status": before})
    assert deployment_status(observed, (running(0),), missing=(), now=NOW + timedelta(hours=1)) == before


def test_transition_time_moves_only_with_the_status() -> None:
    before = deployment_status(deployment(1), (), missing=(), now=NOW)
    observed = deployment(1).model_copy(update={"status": before})
    later = NOW + timedelta(hours=1)
    after = deployment_status(observed, (running(0),), missing=(), now=later)
    assert [each.last_transition_time for each in after.conditions] == [later, NOW]
    assert [each.last_update_time for each in after.conditions] == [later, later]


def test_stored_status_is_read_as_it_was_written() -> None:
    status = deployment_status(deployment(1), (running(0),), missing=(), now=NOW)
    assert DeploymentStatus.model_validate_json(status.model_dump_json(by_alias=True)) == status
