"""What `make up` leaves in the namespace `default`: a provider with its key, and a pool of workers."""

import base64

import yaml

from tools.local.provider import Provider

NAMESPACE = "default"
DEFAULT_MODULES = "examples.python-tool.rates"
_API_VERSION = "durable-agents.dev/v1alpha1"


def default_manifests(provider: Provider, worker_modules: str, sources: str) -> str:
    """Secret `mistral`, ModelProvider `default` and WorkerPool `default`, as YAML documents.

    `sources` is the version of the tools' code: an edit makes another build, as another image would.
    """
    worker = {
        "name": "worker",
        "image": "durable-agents-worker:dev",
        "env": [
            {"name": "WORKER_MODULES", "value": worker_modules},
            {"name": "LOCAL_SOURCES", "value": sources},
        ],
    }
    return yaml.safe_dump_all(
        [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "mistral", "namespace": NAMESPACE},
                "data": {"api-key": base64.b64encode(provider.key.encode()).decode()},
            },
            {
                "apiVersion": _API_VERSION,
                "kind": "ModelProvider",
                "metadata": {"name": "default", "namespace": NAMESPACE},
                "spec": {"url": provider.url, "apiKeySecretRef": {"name": "mistral", "key": "api-key"}},
            },
            {
                "apiVersion": _API_VERSION,
                "kind": "WorkerPool",
                "metadata": {"name": "default", "namespace": NAMESPACE},
                "spec": {"replicas": 1, "template": {"spec": {"containers": [worker]}}},
            },
        ],
        sort_keys=False,
    )
