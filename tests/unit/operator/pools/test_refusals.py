"""What the API server withholds, or does not have, is told in the pool's conditions with what to do."""

import base64
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import JsonValue
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.deployments import SCALING_MANAGER
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.pools.deletion import FINALIZER
from agents_operator.pools.deployment import build_of
from agents_operator.pools.offer import LAST_PROBE
from agents_operator.pools.reconcile import PoolReconciler
from agents_operator.pools.telemetry import WorkerTelemetry
from agents_operator.pools.temporal_target import TemporalTarget, TemporalTls
from agents_operator.temporal.builds import NoWorkerError, ObservedBuilds, WorkerBuilds
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.messages import Verdict
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tests.unit.operator.objects import NOW, condition, pool

LOGGER = logging.getLogger("test")
KEY = SecretKeyRef(name="temporal", key="token")
MISSING = failure('secrets "temporal" not found', {"name": "temporal"})
FORBIDDEN = failure("it is forbidden: User cannot do it")


SCALED_APART: JsonValue = {
    "manager": SCALING_MANAGER,
    "operation": "Apply",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
}


def secret(**data: str) -> JsonValue:
    return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}}


def deployments(*builds: str) -> JsonValue:
    """List Deployments of the pool, each with a worker that is ready."""
    return {
        "items": [
            {
                "metadata": {
                    "name": f"default-{build}",
                    "labels": {"durable-agents.dev/build": build},
                    "ownerReferences": [{"uid": pool().metadata.uid}],
                    "managedFields": [SCALED_APART],
                },
                "spec": {"template": {"spec": {"containers": [{"name": "worker", "env": []}]}}},
                "status": {"readyReplicas": 1},
            }
            for build in builds
        ]
    }


class NoWorkers(WorkerBuilds):
    """A Temporal server that no worker has spoken to."""

    async def observe(self, deployment: str) -> ObservedBuilds:
        assert deployment == "inst/team/default"
        return ObservedBuilds(current=None, in_use=frozenset())

    async def describe_tools(
        self, version: WorkerDeploymentVersion, queue: str, probe_id: str
    ) -> ToolCatalogue:
        raise NoWorkerError(f"none of {version.build_id} on {queue} has taken {probe_id}")


async def nobody_ends(_server: TemporalServer, _run: RunIdentity, _verdict: Verdict) -> None:
    raise AssertionError("no pool is deleted here")


class BusyServer(NoWorkers):
    """A Temporal server that answers late."""

    async def observe(self, deployment: str) -> ObservedBuilds:
        raise TemporalUnreachableError(f"no answer about {deployment} in time")


async def reconciled(
    server: ScriptedServer,
    target: TemporalTarget,
    stored: WorkerPool,
    builds: type[WorkerBuilds] = NoWorkers,
) -> str:
    """Reconcile the pool and return what was written into its status."""
    world = World()
    # It has the operator's finalizer.
    metadata = stored.metadata.model_copy(update={"finalizers": (FINALIZER,)})
    world.pools.see(stored.model_copy(update={"metadata": metadata}))
    events = Events(server.api, "o-1", LOGGER)
    client = await Client.connect("127.0.0.1:1", lazy=True)
    temporal = TemporalServer.of(client, "inst", target, retention=None, state_attribute=False)
    reconciler = PoolReconciler(
        world,
        Settle(WORKER_POOLS, world.pools, server.api, events, now=lambda: NOW),
        server.api,
        TemporalServers(replace(temporal, builds=builds(client)), world.temporal_connections),
        nobody_ends,
        installation="inst",
        telemetry=WorkerTelemetry(),
        interval=timedelta(minutes=10),
        deletion_timeout=timedelta(hours=1),
        now=lambda: NOW,
        logger=LOGGER,
    )
    server.will_answer(200, pool(resourceVersion="2").manifest())
    server.will_answer(201, {})
    pause = await reconciler.reconcile(Key.of(stored))
    assert pause is not None
    assert pause <= LAST_PROBE * 1.2
    (written,) = (asked.body for asked in server.asked if asked.path.endswith("/status"))
    return str(written)


@pytest.mark.parametrize(
    ("status", "answer", "reason", "says"),
    [
        pytest.param(
            404,
            MISSING,
            "SecretNotFound",
            "no Secret temporal with key token in namespace team",
            id="missing",
        ),
        pytest.param(200, secret(other="x"), "SecretNotFound", "with key token", id="without the key"),
        pytest.param(200, secret(token=" "), "SecretNotFound", "or it is empty", id="empty"),
        pytest.param(
            200,
            secret(token="a b"),
            "SecretInvalid",
            "key token of Secret temporal in namespace team",
            id="odd",
        ),
        pytest.param(
            403,
            FORBIDDEN,
            "SecretNotFound",
            "may not get Secrets in namespace team: its role needs get on secrets there",
            id="forbidden",
        ),
    ],
)
async def test_secret_for_temporal_that_is_of_no_use_is_named_and_nothing_is_applied(
    status: int, answer: JsonValue, reason: str, says: str
) -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {"items": []})
        server.will_answer(status, answer)
        written = await reconciled(server, TemporalTarget("temporal:7233", "agents", api_key=KEY), pool())
        assert server.requests[:2] == ["GET deployments", "GET temporal"]
        assert len(server.requests) == 4
    assert reason in written
    assert says in written


@pytest.mark.parametrize("ready", [True, False])
async def test_pool_stays_ready_while_temporal_is_late_and_is_not_made_so(*, ready: bool) -> None:
    before = condition("Ready", "True", "Available") if ready else condition("Ready", "False", "Pending")
    async with ScriptedServer() as server:
        server.will_answer(200, {"items": []})
        target = TemporalTarget("temporal:7233", "agents")
        written = await reconciled(server, target, pool(status={"conditions": [before]}), BusyServer)
    assert ("'reason': 'Available'" in written) is ready
    assert "no answer about inst/team/default in time" in written
    assert written.count("TemporalUnreachable") == 1


async def test_each_secret_is_read_once() -> None:
    target = TemporalTarget("temporal:7233", "agents", TemporalTls(client_certificate="pair"), KEY)
    async with ScriptedServer() as server:
        server.will_answer(200, {"items": []})
        server.will_answer(200, secret(**{"tls.crt": "c", "tls.key": "k"}))
        server.will_answer(404, MISSING)
        await reconciled(server, target, pool())
        assert server.requests[:3] == ["GET deployments", "GET pair", "GET temporal"]


@pytest.mark.parametrize("missing", ["list", "apply"])
async def test_right_on_deployments_that_the_operator_lacks_is_told(missing: str) -> None:
    async with ScriptedServer() as server:
        if missing == "apply":
            server.will_answer(200, {"items": []})
        server.will_answer(403, FORBIDDEN)
        written = await reconciled(server, TemporalTarget("temporal:7233", "agents"), pool())
    assert "DeploymentRefused" in written
    assert "it is forbidden: User cannot do it" in written


@pytest.mark.parametrize(
    ("status", "answer", "more"),
    [(200, {"items": []}, False), (403, FORBIDDEN, True)],
    ids=["no pod says why", "pods may not be listed"],
)
async def test_worker_that_is_silent_for_no_known_reason_can_be_looked_at(
    status: int, answer: JsonValue, *, more: bool
) -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {"items": []})
        server.will_answer(200, {})
        server.will_answer(status, answer)
        written = await reconciled(server, TemporalTarget("temporal:7233", "agents"), pool())
    assert "WorkerNotResponding" in written
    look = f"--selector=durable-agents.dev/pool=default,durable-agents.dev/build={build_of(pool())}"
    assert f"this tells why: kubectl describe pods --namespace=team {look}" in written
    assert ("if its role allowed it to list pods there" in written) is more


async def test_build_that_serves_stays_ready_when_its_deployment_is_refused() -> None:
    build = build_of(pool())
    async with ScriptedServer() as server:
        server.will_answer(200, deployments(build))
        server.will_answer(403, FORBIDDEN)
        target = TemporalTarget("temporal:7233", "agents")
        written = await reconciled(server, target, pool(status={"build": build}))
    assert "'type': 'Ready', 'status': 'True', 'reason': 'Available'" in written
    assert "'type': 'Progressing', 'status': 'True', 'reason': 'DeploymentRefused'" in written


async def test_refused_earlier_build_does_not_keep_the_present_one_from_being_applied() -> None:
    async with ScriptedServer() as server:
        # It has none of the variables that workers are told.
        server.will_answer(200, deployments("b0"))
        server.will_answer(403, FORBIDDEN)
        server.will_answer(403, FORBIDDEN)
        await reconciled(server, TemporalTarget("temporal:7233", "agents"), pool(status={"build": "b0"}))
        assert server.requests[1:3] == ["PATCH default-b0", f"PATCH default-{build_of(pool())}"]
