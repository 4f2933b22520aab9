"""The environment variables that the operator sets in worker containers."""

from enum import StrEnum


class WorkerVariable(StrEnum):
    """A variable of the worker's environment."""

    TEMPORAL_ADDRESS = "TEMPORAL_ADDRESS"
    TEMPORAL_NAMESPACE = "TEMPORAL_NAMESPACE"
    DEPLOYMENT_NAME = "TEMPORAL_DEPLOYMENT_NAME"
    """Name of the Worker Deployment."""
    BUILD_ID = "TEMPORAL_WORKER_BUILD_ID"
    """Build within the Worker Deployment."""
    POOL_QUEUE = "DURABLE_AGENTS_POOL_QUEUE"
    """Task queue of workflows and tool calls."""
    PROVIDER_QUEUES = "DURABLE_AGENTS_PROVIDER_QUEUES"
    """Task queues of model calls, as a JSON list."""
    SECRETS_DIR = "DURABLE_AGENTS_SECRETS_DIR"
    """Directory of the mounted Secrets."""
    MODULES = "WORKER_MODULES"
    """Python modules with tools, separated by commas; set by the user or the image."""
