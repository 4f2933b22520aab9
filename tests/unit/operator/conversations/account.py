"""Conversations in an account, made by hand as workers make them."""

import httpx2
from pydantic import JsonValue

from agents_crds.contract.names import INSTALLATION_KEY, NAME_KEY, NAMESPACE_KEY, RETENTION_KEY, UID_KEY
from tests.standin.control import StandIn
from tests.unit.operator.hand import KEY, NO_AUTHORITIES

INSTALLATION = "inst"


def marks(uid: str = "u-1", **others: str) -> dict[str, str]:
    """Mark a conversation of run `rates-1`, to be deleted with it."""
    ours = {
        INSTALLATION_KEY: INSTALLATION,
        NAMESPACE_KEY: "team",
        NAME_KEY: "rates-1",
        UID_KEY: uid,
        RETENTION_KEY: "Delete",
    }
    return ours | others


def converse(standin: StandIn, metadata: dict[str, str] | None) -> str:
    """Start a conversation, and return its id."""
    start: JsonValue = {"model": "mistral-small-latest", "inputs": "Hello.", "metadata": {**(metadata or {})}}
    with httpx2.Client(
        base_url=standin.url, headers={"Authorization": f"Bearer {KEY}"}, verify=NO_AUTHORITIES
    ) as hand:
        return str(hand.post("/v1/conversations", json=start).raise_for_status().json()["conversation_id"])
