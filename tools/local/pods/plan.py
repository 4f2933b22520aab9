"""Decides which processes of a Deployment to start and to end."""

from dataclasses import dataclass

from tools.local.pods.model import Deployment

_STEADY_SECONDS = 10.0
_LONGEST_BACKOFF_SECONDS = 10.0


@dataclass(frozen=True)
class Replica:
    """One replica as it stands. `ended_at` is None while its process runs; times are monotonic seconds.

    `crashes` counts the times in a row that its process ended by itself within seconds.
    """

    index: int
    template: str
    started_at: float
    ended_at: float | None = None
    crashes: int = 0


@dataclass(frozen=True)
class Start:
    """Start replica `index`, which has crashed `crashes` times in a row."""

    index: int
    crashes: int


@dataclass(frozen=True)
class Stop:
    """End replica `index` gracefully; its place is free at once."""

    index: int


Action = Start | Stop


def crashes_after(replica: Replica, now: float) -> int:
    """How many crashes in a row there are once `replica` has ended by itself."""
    return 1 if now - replica.started_at >= _STEADY_SECONDS else replica.crashes + 1


def backoff(crashes: int) -> float:
    """Seconds to wait before the next start: none after the first crash, then 1, 2, 4 and so on."""
    return 0.0 if crashes <= 1 else min(2.0 ** (crashes - 2), _LONGEST_BACKOFF_SECONDS)


def plan_replicas(
    deployment: Deployment | None, replicas: tuple[Replica, ...], *, now: float, startable: bool
) -> tuple[Action, ...]:
    """What brings `replicas` to the Deployment; None for one that is gone.

    A replica of another template is replaced at once, old and new side by side, as a rolling update does.
    Nothing is started, and so nothing replaced, while it is not `startable`.
    """
    wanted = range(deployment.replicas if deployment else 0)
    template = deployment.spec.template.hash if deployment else ""
    actions: list[Action] = [Stop(replica.index) for replica in replicas if replica.index not in wanted]
    if not startable:
        return tuple(actions)
    by_index = {replica.index: replica for replica in replicas}
    for index in wanted:
        match by_index.get(index):
            case None:
                actions.append(Start(index, crashes=0))
            case Replica(template=old) if old != template:
                actions += [Stop(index), Start(index, crashes=0)]
            case Replica(crashes=crashes) as replica if _is_due(replica, now):
                actions.append(Start(index, crashes))
            case _:
                pass
    return tuple(actions)


def _is_due(replica: Replica, now: float) -> bool:
    return replica.ended_at is not None and now >= replica.ended_at + backoff(replica.crashes)
