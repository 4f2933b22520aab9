"""How a process of a user's own, whose workflows run agents, gets to Temporal."""

import os

from temporalio.client import Client
from temporalio.converter import DataConverter

from agents_crds.contract.connection import TemporalAccess
from agents_crds.contract.conversion import PayloadSettings


async def connect(*, identity: str | None = None) -> Client:
    """Connect as workers of a pool do, by the same variables of the environment.

    Raises TemporalVariablesError for unsound ones, TemporalUnavailableError when another try may help.
    """
    return await TemporalAccess.of_environment(os.environ).connect(identity=identity)


def data_converter() -> DataConverter:
    """Return the converter of a client whose workflows run agents: for pydantic's models and large payloads.

    The variables `DURABLE_AGENTS_PAYLOAD_*` must say what those of the operator say. Raises
    PayloadVariablesError.
    """
    return PayloadSettings.of_environment(os.environ).data_converter()
