"""The Deployment that runs one build of a pool."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from agents_crds.contract import CONTRACT
from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.names import SECRETS_DIR, pool_queue, provider_queue, secret_path, worker_deployment
from agents_crds.v1alpha1 import API_VERSION, ModelProvider, WorkerPool
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.kubernetes.deployments import BUILD_LABEL, POOL_LABEL

# The worker lets activities in flight finish for 50 s; then the kubelet ends it.
GRACE_SECONDS = 60


@dataclass(frozen=True)
class TemporalTarget:
    """The Temporal server that workers use."""

    address: str
    namespace: str


@dataclass(frozen=True)
class PoolProvider:
    """A provider that agents of the pool may use."""

    name: str
    key: SecretKeyRef


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


def worker_deployment_manifest(
    pool: WorkerPool,
    build: str,
    *,
    installation: str,
    temporal: TemporalTarget,
    providers: tuple[PoolProvider, ...],
) -> JsonValue:
    """Write the Deployment: the user's container, with our environment and the Secrets as files."""
    namespace, name = pool.metadata.namespace, pool.metadata.name
    container = pool.spec.template.spec.containers[0]
    ours: dict[str, JsonValue] = {
        WorkerVariable.TEMPORAL_ADDRESS: temporal.address,
        WorkerVariable.TEMPORAL_NAMESPACE: temporal.namespace,
        WorkerVariable.DEPLOYMENT_NAME: worker_deployment(installation, namespace, name),
        WorkerVariable.BUILD_ID: build,
        WorkerVariable.POOL_QUEUE: pool_queue(installation, namespace, name),
        WorkerVariable.PROVIDER_QUEUES: json.dumps(
            [provider_queue(installation, namespace, provider.name) for provider in providers]
        ),
        WorkerVariable.SECRETS_DIR: SECRETS_DIR,
    }
    labels: dict[str, JsonValue] = {
        "app.kubernetes.io/name": "durable-agents-worker",
        "app.kubernetes.io/managed-by": "durable-agents",
        POOL_LABEL: name,
        BUILD_LABEL: build,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": deployment_name(pool, build),
            "namespace": namespace,
            "labels": labels,
            "ownerReferences": [_owner(pool)],
        },
        "spec": {
            "replicas": pool.spec.replicas,
            "selector": {"matchLabels": {POOL_LABEL: name, BUILD_LABEL: build}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    # Workers never talk to the API server.
                    "automountServiceAccountToken": False,
                    "terminationGracePeriodSeconds": GRACE_SECONDS,
                    "containers": [
                        {
                            **container.manifest(),
                            "env": [
                                *(variable.manifest() for variable in container.env),
                                *_environment(ours),
                            ],
                            "volumeMounts": [{"name": "keys", "mountPath": SECRETS_DIR, "readOnly": True}],
                        }
                    ],
                    "volumes": [_keys_volume(providers)],
                },
            },
        },
    }


def _environment(variables: dict[str, JsonValue]) -> list[JsonValue]:
    return [{"name": str(name), "value": value} for name, value in variables.items()]


def _owner(pool: WorkerPool) -> JsonValue:
    return {
        "apiVersion": API_VERSION,
        "kind": "WorkerPool",
        "name": pool.metadata.name,
        "uid": pool.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _keys_volume(providers: tuple[PoolProvider, ...]) -> JsonValue:
    """Mount the keys as files; optional, so that a missing Secret keeps no pod from starting."""
    keys = sorted({(provider.key.name, provider.key.key) for provider in providers})
    return {
        "name": "keys",
        "projected": {
            "sources": [
                {
                    "secret": {
                        "name": secret,
                        "optional": True,
                        "items": [{"key": key, "path": secret_path(secret, key)}],
                    }
                }
                for secret, key in keys
            ]
        },
    }
