"""What the operator talks to, and what its parts have in common."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx2
from temporalio.client import Client
from temporalio.converter import DataConverter

from agents_operator.engine.served import Served
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Cache, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import M, Resource
from agents_operator.metrics import Measures, Writes
from agents_operator.pools.telemetry import WorkerTelemetry
from agents_operator.runs.settle import RunSettle
from agents_operator.settings import Settings
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.tracing.runs import RunTraces


@dataclass(frozen=True)
class Clients:
    """Everything the operator talks to."""

    api: KubernetesApi
    """For what only the leader does: who does not lead can but read by it."""
    replica_api: KubernetesApi
    """For what every replica does."""
    events: Events
    temporal: TemporalServer
    """The operator's own."""
    fenced: Callable[[Client], Client]
    """Makes of another Temporal's client one for what only the leader does."""
    converter: DataConverter
    """What payloads are made by, in every Temporal."""
    http: httpx2.AsyncClient
    traces: RunTraces
    """Whom runs are told to."""
    worker_telemetry: WorkerTelemetry
    """What workers are told of how to tell what they do."""


@dataclass(frozen=True)
class Shared:
    """What the parts of the operator have in common."""

    settings: Settings
    installation: str
    clients: Clients
    served: Served
    world: World
    servers: TemporalServers
    measures: Measures
    writes: Writes
    now: Callable[[], datetime]
    logger: logging.Logger

    def settle(self, resource: Resource[M], cache: Cache[M]) -> Settle[M]:
        """Return what settles the reconciles of a kind."""
        return Settle(
            resource,
            cache,
            self.clients.api,
            self.clients.events,
            now=self.now,
            written=self.writes.written,
        )

    def settle_runs(self, api: KubernetesApi) -> RunSettle:
        """Return what settles the reconciles of runs."""
        return RunSettle(
            self.world.runs,
            api,
            self.clients.events,
            self.clients.traces,
            now=self.now,
            written=self.writes.written,
            measured=self.writes.run_written,
        )
