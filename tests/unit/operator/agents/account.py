"""What the tests see of an account, and of an Agent that is in step with it."""

from tests.standin.agents import Agent
from tests.standin.control import StandIn

ONE_AGENT = "/v1/agents/*"
SYNCED = {"Accepted": "True Accepted", "ResolvedRefs": "True Resolved", "Ready": "True Synced"}


def only(standin: StandIn) -> Agent:
    """Return the one remote agent there is."""
    (remote,) = standin.agents()
    return remote
