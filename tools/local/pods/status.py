"""The status that the Deployment controller would write."""

from datetime import datetime

from tools.local.pods.model import Condition, Deployment, DeploymentStatus
from tools.local.pods.plan import Replica


def deployment_status(
    deployment: Deployment, replicas: tuple[Replica, ...], *, missing: tuple[str, ...], now: datetime
) -> DeploymentStatus:
    """Report `replicas`: each one whose process runs counts as ready and available."""
    wanted = deployment.replicas
    running = [replica for replica in replicas if replica.ended_at is None]
    updated = [replica for replica in replicas if replica.template == deployment.spec.template.hash]
    complete = len(updated) == len(replicas) == len(running) == wanted
    conditions = (
        _available(len(running) >= wanted, f"{len(running)} of {wanted} processes run."),
        _progressing(complete=complete, missing=missing),
    )
    return DeploymentStatus(
        observed_generation=deployment.metadata.generation,
        replicas=len(replicas),
        updated_replicas=len(updated),
        ready_replicas=len(running),
        available_replicas=len(running),
        unavailable_replicas=max(wanted - len(running), 0),
        conditions=tuple(_dated(each, deployment.status.conditions, now) for each in conditions),
    )


def _available(enough: bool, message: str) -> Condition:  # noqa: FBT001 -- private, its name says it
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    return Condition(type="Available", status=str(enough), reason=reason, message=message)


def _progressing(*, complete: bool, missing: tuple[str, ...]) -> Condition:
    if missing:
        message = f"Waiting for {', '.join(missing)}."
        return Condition(type="Progressing", status="True", reason="ReplicaSetUpdated", message=message)
    if complete:
        message = "All processes run the current template."
        return Condition(type="Progressing", status="True", reason="NewReplicaSetAvailable", message=message)
    message = "Processes are being started or replaced."
    return Condition(type="Progressing", status="True", reason="ReplicaSetUpdated", message=message)


def _dated(condition: Condition, before: tuple[Condition, ...], now: datetime) -> Condition:
    old = next((each for each in before if each.type == condition.type), None)
    if old is None or old.status != condition.status:
        return condition.model_copy(update={"last_update_time": now, "last_transition_time": now})
    same = (old.reason, old.message) == (condition.reason, condition.message)
    return condition.model_copy(
        update={
            "last_update_time": old.last_update_time if same else now,
            "last_transition_time": old.last_transition_time,
        }
    )
