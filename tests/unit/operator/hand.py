"""What somebody does to an account by hand."""

import ssl

import httpx2
from pydantic import JsonValue

from tests.standin.agents import Agent
from tests.standin.control import StandIn

KEY = "the-key-of-one-account"
OTHER_KEY = "the-key-of-another-account"
# To read a machine's certificates takes 30 ms, and nothing here speaks TLS to a provider.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def edit_by_hand(standin: StandIn, agent_id: str, **fields: JsonValue) -> None:
    """Change a remote agent as its owner would."""
    with _hand(standin) as hand:
        hand.patch(f"/v1/agents/{agent_id}", json=fields).raise_for_status()


def create_by_hand(standin: StandIn) -> str:
    """Make an agent as somebody else would, and return its id."""
    theirs: JsonValue = {"model": "mistral-small-latest", "name": "theirs", "instructions": "Be theirs."}
    with _hand(standin) as hand:
        return str(hand.post("/v1/agents", json=theirs).raise_for_status().json()["id"])


def delete_by_hand(standin: StandIn, agent_id: str) -> None:
    with _hand(standin) as hand:
        hand.delete(f"/v1/agents/{agent_id}").raise_for_status()


def duplicate_by_hand(standin: StandIn, remote: Agent) -> None:
    """Make another agent with the marks of this one, as a create request that was sent twice would."""
    twin: JsonValue = {
        "model": remote.current.model,
        "name": remote.current.name,
        "metadata": remote.current.metadata,
    }
    with _hand(standin) as hand:
        hand.post("/v1/agents", json=twin).raise_for_status()


def _hand(standin: StandIn) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx2.Client(base_url=standin.url, headers=headers, verify=NO_AUTHORITIES)
