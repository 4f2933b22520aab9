"""Who may hold the Lease; pure. Times are of this machine's monotonic clock: nobody's date counts."""

from dataclasses import dataclass

from agents_operator.leadership.lease import Lease


@dataclass(frozen=True)
class Sighting:
    """A version of the Lease that somebody else holds, and until when it is respected."""

    version: tuple[str, str]
    holder: str
    until: float


@dataclass(frozen=True)
class Create:
    """There is none: make it, held."""


@dataclass(frozen=True)
class Take:
    """Nobody holds it any more: begin a term."""

    lease: Lease


@dataclass(frozen=True)
class Wait:
    """Somebody else holds it."""

    sighting: Sighting


def plan_candidacy(
    lease: Lease | None, known: Sighting | None, identity: str, *, duration: int, now: float
) -> Create | Take | Wait:
    """Tell what one who does not lead may do with the Lease that was read by `now`.

    It runs out when this process has seen no renewal for as long as it lasts. One that was deleted is
    respected for as long as if it were there: its holder goes on until it hears of that.
    """
    match lease:
        case None if known is not None and now < known.until:
            return Wait(known)
        case None:
            return Create()
        case Lease() if lease.holder in {"", identity}:
            return Take(lease)
    if known is None or known.version != lease.version:
        lasts = lease.spec.lease_duration_seconds or duration
        known = Sighting(lease.version, lease.holder, now + lasts)
    return Take(lease) if now >= known.until else Wait(known)


@dataclass(frozen=True)
class Renew:
    """It is in the same term still; somebody wrote something else into it."""

    lease: Lease


@dataclass(frozen=True)
class Lost:
    """It is somebody else's, also when that one has the same name."""

    holder: str


def plan_renewal(held: Lease, found: Lease | None) -> Renew | Create | Lost:
    """Tell what a leader may do that could not renew what it holds, before its time is over.

    Until then nobody else takes the Lease, so that a deleted one may be made anew.
    """
    match found:
        case None:
            return Create()
        case Lease() if found.term == held.term:
            return Renew(found)
        case Lease():
            return Lost(found.holder)
