"""Gets into the Temporal that keeps a run, for a command that does so once."""

import logging
import os
from datetime import timedelta

from temporalio.client import Client

from agents_crds.contract.connection import TemporalAccess
from agents_crds.v1alpha1 import AgentRun, Reason
from agents_operator.connections.credentials import observe_credentials
from agents_operator.connections.opening import Opening
from agents_operator.errors import Stalled
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import TEMPORAL_CONNECTIONS
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.temporal_target import PayloadTarget, connection_target
from agents_operator.temporal.connection import connect


async def temporal_of(run: AgentRun, api: KubernetesApi) -> Client:
    """Connect to where the workflow of a run is, as the operator of this environment does.

    Raises TemporalUnavailableError, TemporalVariablesError, UnsupportedServerError, Stalled and Waiting.
    """
    access = TemporalAccess.of_environment(os.environ)
    name, namespace = run.status.temporal_connection, run.metadata.namespace
    if name is None:
        return await connect(access)
    connection = await api.get(TEMPORAL_CONNECTIONS, namespace, name)
    if connection is None:
        raise Stalled(
            Reason.TEMPORAL_CONNECTION_NOT_FOUND,
            f"AgentRun {run.metadata.name} is kept in the Temporal of TemporalConnection {name}, which does "
            f"not exist in namespace {namespace} any more: create it again",
        )
    target = connection_target(connection, PayloadTarget())
    once = timedelta()
    credentials = await observe_credentials(Secrets(api), namespace, target, retry_interval=once)
    opening = Opening(access.converter(), "", retry_interval=once, logger=logging.getLogger(__name__))
    return await opening.connect(target, credentials)
