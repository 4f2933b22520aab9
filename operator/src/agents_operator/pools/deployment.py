"""The Deployment that runs one build of a pool."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import JsonValue

from agents_crds.contract import CONTRACT
from agents_crds.contract.environment import WORKER_HEALTH_PORT, WorkerVariable
from agents_crds.contract.names import SECRETS_DIR, pool_queue, provider_queue, secret_path, worker_deployment
from agents_crds.v1alpha1 import API_VERSION, MCPServer, ModelProvider, WorkerPool
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.kubernetes.deployments import BUILD_LABEL, POOL_LABEL, WorkerDeployment
from agents_operator.mcpservers.target import secret_refs
from agents_operator.pools.telemetry import WorkerTelemetry
from agents_operator.pools.template import Additions, Json, renewed, worker_template
from agents_operator.pools.temporal_target import TemporalTarget

LABELS = {
    "app.kubernetes.io/name": "durable-agents-worker",
    "app.kubernetes.io/managed-by": "durable-agents",
}


@dataclass(frozen=True)
class PoolProvider:
    """A provider that agents of the pool may use."""

    name: str
    key: SecretKeyRef | None
    """None where the server needs none."""


def build_of(pool: WorkerPool) -> str:
    """Name the build: a hash of all that decides what a worker of the pool can do."""
    content = {"contract": CONTRACT, "template": pool.spec.template.manifest()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:10]


def deployment_name(pool: WorkerPool, build: str) -> str:
    """Name the Deployment of a build."""
    return f"{pool.metadata.name}-{build}"


def pool_providers(providers: Iterable[ModelProvider]) -> tuple[PoolProvider, ...]:
    """Take every provider of the pool's namespace, in the order of their names.

    Not only those that its Agents name now: a run that is going still uses the one it started with.
    """
    found = (PoolProvider(provider.metadata.name, provider.spec.api_key_secret_ref) for provider in providers)
    return tuple(sorted(found, key=lambda provider: provider.name))


def pool_server_secrets(pool: WorkerPool, servers: Iterable[MCPServer]) -> tuple[SecretKeyRef, ...]:
    """Take the Secrets of every MCPServer that the pool calls."""
    called = (server for server in servers if server.spec.worker_pool_ref.name == pool.metadata.name)
    return tuple(ref for server in called for ref in secret_refs(server))


@dataclass(frozen=True)
class Surroundings:
    """What workers are told beside their own pool's spec."""

    installation: str
    temporal: TemporalTarget
    providers: tuple[PoolProvider, ...]
    server_secrets: tuple[SecretKeyRef, ...] = ()
    """Those of the MCPServers that the pool calls."""
    telemetry: WorkerTelemetry = field(default_factory=WorkerTelemetry)
    """How they are to tell what they do."""


def worker_deployment_manifest(
    pool: WorkerPool, build: str, around: Surroundings, *, replicas: int | None = None
) -> JsonValue:
    """Write the Deployment: the user's template, completed; raise Stalled when that cannot be done.

    `replicas` is for one that is not there yet: afterwards the number is the autoscaler's.
    """
    additions = _additions(pool, build, around)
    metadata: Json = {"name": deployment_name(pool, build)}
    template = worker_template(pool.spec.template, additions)
    return _manifest(pool, metadata, additions, template, replicas)


def renewed_manifest(pool: WorkerPool, observed: WorkerDeployment, around: Surroundings) -> JsonValue | None:
    """Write the Deployment of an earlier build with the environment and keys of now.

    None when it has them. Its pods else stay what they are; one that is gone meanwhile is not made again.
    """
    additions = _additions(pool, observed.build, around)
    template = renewed(observed.spec.template, additions)
    if template == observed.spec.template:
        return None
    metadata: Json = {"name": observed.metadata.name, "uid": observed.metadata.uid}
    return _manifest(pool, metadata, additions, template, None)


def remade_manifest(pool: WorkerPool, gone: WorkerDeployment, around: Surroundings) -> JsonValue:
    """Write the Deployment of any build again as it was last seen, with the environment and keys of now."""
    additions = _additions(pool, gone.build, around)
    template = renewed(gone.spec.template, additions)
    return _manifest(pool, {"name": gone.metadata.name}, additions, template, gone.spec.replicas)


def _additions(pool: WorkerPool, build: str, around: Surroundings) -> Additions:
    namespace, name = pool.metadata.namespace, pool.metadata.name
    installation, temporal, providers = around.installation, around.temporal, around.providers
    environment = {
        **temporal.environment,
        WorkerVariable.DEPLOYMENT_NAME: worker_deployment(installation, namespace, name),
        WorkerVariable.BUILD_ID: build,
        WorkerVariable.POOL_QUEUE: pool_queue(installation, namespace, name),
        WorkerVariable.PROVIDER_QUEUES: json.dumps(
            [provider_queue(installation, namespace, provider.name) for provider in providers]
        ),
        WorkerVariable.STDIO_COMMANDS: json.dumps(pool.spec.stdio.allowed_commands),
        WorkerVariable.SECRETS_DIR: SECRETS_DIR,
        WorkerVariable.HEALTH_PORT: str(WORKER_HEALTH_PORT),
        **around.telemetry.environment,
    }
    keys = (provider.key for provider in providers if provider.key is not None)
    wanted = (*keys, *around.server_secrets, *around.telemetry.secrets)
    return Additions(
        identity={POOL_LABEL: name, BUILD_LABEL: build},
        labels=LABELS,
        environment=environment,
        keys=_secret_files(temporal.secrets, wanted),
    )


def _manifest(
    pool: WorkerPool, metadata: Json, additions: Additions, template: Json, replicas: int | None
) -> JsonValue:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **metadata,
            "namespace": pool.metadata.namespace,
            "labels": {**additions.labels, **additions.identity},
            "ownerReferences": [_owner(pool)],
        },
        "spec": {
            **({} if replicas is None else {"replicas": replicas}),
            "selector": {"matchLabels": {**additions.identity}},
            # New keys or providers reach the pods one by one, and never leave fewer of them than there are.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": template,
        },
    }


def _owner(pool: WorkerPool) -> JsonValue:
    return {
        "apiVersion": API_VERSION,
        "kind": "WorkerPool",
        "name": pool.metadata.name,
        "uid": pool.metadata.uid,
        "controller": True,
        # A foreground deletion of the pool would else delete again what is made while it goes on.
        "blockOwnerDeletion": pool.metadata.deletion_timestamp is None,
    }


def _secret_files(needed: tuple[SecretKeyRef, ...], wanted: tuple[SecretKeyRef, ...]) -> Json:
    """Project Secrets as files: a pod starts without what is `wanted`, and not without what is `needed`."""
    keys = {**dict.fromkeys(wanted, True), **dict.fromkeys(needed, False)}
    return {
        "sources": [
            {
                "secret": {
                    "name": ref.name,
                    "optional": optional,
                    "items": [{"key": ref.key, "path": secret_path(ref.name, ref.key)}],
                }
            }
            for ref, optional in sorted(keys.items(), key=lambda each: (each[0].name, each[0].key))
        ]
    }
