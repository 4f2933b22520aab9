"""Who may take the Lease, and who has lost it: by nobody's date, and by no clock but one's own."""

import pytest

from agents_operator.leadership.lease import Lease
from agents_operator.leadership.plan import (
    Create,
    Lost,
    Renew,
    Sighting,
    Take,
    Wait,
    plan_candidacy,
    plan_renewal,
)

ME, OTHER = "operator-1", "operator-2"
LONG_AGO, FAR_AHEAD = "1970-01-01T00:00:00.000000Z", "2999-12-31T23:59:59.999999Z"


def lease(
    holder: str | None = OTHER,
    *,
    version: str = "7",
    uid: str = "lease",
    lasts: int | None = 15,
    acquired: str = "2026-01-01T00:00:00.000000Z",
    renewed: str = "2026-01-01T00:00:00.000000Z",
) -> Lease:
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": lasts,
        "acquireTime": acquired,
        "renewTime": renewed,
    }
    return Lease.model_validate({"metadata": {"uid": uid, "resourceVersion": version}, "spec": spec})


def seen(version: str = "7", *, uid: str = "lease", until: float = 115.0) -> Sighting:
    return Sighting((uid, version), OTHER, until)


CANDIDACIES = {
    "there is none": (None, None, 100.0, Create()),
    "nobody has held it yet": (lease(None), None, 100.0, Take(lease(None))),
    "it was given back": (lease(""), seen(), 101.0, Take(lease(""))),
    "it is one's own, of before a restart": (lease(ME), None, 100.0, Take(lease(ME))),
    "it is seen for the first time": (lease(), None, 100.0, Wait(seen())),
    "it was not renewed for a while": (lease(), seen(), 114.9, Wait(seen())),
    "it was not renewed for as long as it lasts": (lease(), seen(), 115.0, Take(lease())),
    "it was renewed": (lease(version="8"), seen(), 114.9, Wait(seen("8", until=129.9))),
    "it was renewed when it had run out": (lease(version="8"), seen(), 200.0, Wait(seen("8", until=215.0))),
    "it was made anew": (lease(uid="other"), seen(), 114.9, Wait(seen(uid="other", until=129.9))),
    "it was deleted, and its holder may not know": (None, seen(), 114.9, Wait(seen())),
    "it was deleted, and its holder must have ended": (None, seen(), 115.0, Create()),
    "its holder says how long it lasts": (lease(lasts=60), None, 100.0, Wait(seen(until=160.0))),
    "its holder does not say how long it lasts": (lease(lasts=None), None, 100.0, Wait(seen())),
    "its holder's clock is far behind": (lease(renewed=LONG_AGO), None, 100.0, Wait(seen())),
    "its holder's clock is far ahead": (
        lease(renewed=FAR_AHEAD),
        seen(),
        115.0,
        Take(lease(renewed=FAR_AHEAD)),
    ),
}


@pytest.mark.parametrize("title", CANDIDACIES)
def test_candidate_takes_what_nobody_can_hold_any_more(title: str) -> None:
    found, known, now, plan = CANDIDACIES[title]
    assert plan_candidacy(found, known, ME, duration=15, now=now) == plan


RENEWALS = {
    "somebody annotated it": (lease(ME, version="9"), Renew(lease(ME, version="9"))),
    "an earlier renewal arrived whose answer was lost": (
        lease(ME, version="9", renewed=FAR_AHEAD),
        Renew(lease(ME, version="9", renewed=FAR_AHEAD)),
    ),
    "somebody deleted it": (None, Create()),
    "another replica took it": (lease(OTHER), Lost(OTHER)),
    "a person freed it": (lease(None), Lost("")),
    "another process of the same name took it": (lease(ME, acquired=LONG_AGO), Lost(ME)),
}


@pytest.mark.parametrize("title", RENEWALS)
def test_leader_goes_on_in_its_term_and_in_no_other(title: str) -> None:
    found, plan = RENEWALS[title]
    assert plan_renewal(lease(ME), found) == plan
