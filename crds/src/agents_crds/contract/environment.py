"""The environment variables that the operator sets in worker containers."""

from enum import StrEnum

WORKER_HEALTH_PORT = 8081
"""Where a worker in a pod answers /healthz and /readyz."""

TERMINATION_LOG = "/dev/termination-log"
"""Where the kubelet looks for a container's last words, unless told otherwise."""


class WorkerVariable(StrEnum):
    """A variable of the worker's environment; `TEMPORAL_*` as Temporal's own tools name and read them."""

    TEMPORAL_ADDRESS = "TEMPORAL_ADDRESS"
    TEMPORAL_NAMESPACE = "TEMPORAL_NAMESPACE"
    TEMPORAL_TLS = "TEMPORAL_TLS"
    """`true` or `false`; unset, an API key or any of the variables below means `true`."""
    TEMPORAL_TLS_SERVER_NAME = "TEMPORAL_TLS_SERVER_NAME"
    """Name in the server's certificate, where it is not the address's."""
    TEMPORAL_TLS_SERVER_CA_CERT_PATH = "TEMPORAL_TLS_SERVER_CA_CERT_PATH"
    TEMPORAL_TLS_CLIENT_CERT_PATH = "TEMPORAL_TLS_CLIENT_CERT_PATH"
    TEMPORAL_TLS_CLIENT_KEY_PATH = "TEMPORAL_TLS_CLIENT_KEY_PATH"
    TEMPORAL_API_KEY_FILE = "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE"
    """File with Temporal's API key, which is read again when it changes."""
    PAYLOAD_STORE = "DURABLE_AGENTS_PAYLOAD_STORE"
    """Where large payloads go: `s3://BUCKET`, `s3://BUCKET/PREFIX` or `file:///DIRECTORY`."""
    PAYLOAD_STORE_ENDPOINT = "DURABLE_AGENTS_PAYLOAD_STORE_ENDPOINT"
    """Address of an S3-compatible store; unset, Amazon's."""
    PAYLOAD_STORE_REGION = "DURABLE_AGENTS_PAYLOAD_STORE_REGION"
    PAYLOAD_STORE_ACCESS_KEY_FILE = "DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_FILE"
    PAYLOAD_STORE_SECRET_KEY_FILE = "DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_FILE"  # noqa: S105  # no secret
    """Files with the store's key; unset, what the variables `AWS_*` tell, a role of the pod for one."""
    PAYLOAD_CODEC = "DURABLE_AGENTS_PAYLOAD_CODEC"
    """`module:factory` of a codec for all payloads, as for encryption."""
    DEPLOYMENT_NAME = "TEMPORAL_DEPLOYMENT_NAME"
    """Name of the Worker Deployment."""
    BUILD_ID = "TEMPORAL_WORKER_BUILD_ID"
    """Build within the Worker Deployment."""
    POOL_QUEUE = "DURABLE_AGENTS_POOL_QUEUE"
    """Task queue of workflows and tool calls."""
    PROVIDER_QUEUES = "DURABLE_AGENTS_PROVIDER_QUEUES"
    """Task queues of model calls, as a JSON list."""
    STDIO_COMMANDS = "DURABLE_AGENTS_STDIO_COMMANDS"
    """Commands that MCP servers over stdio may be started with, as a JSON list."""
    SECRETS_DIR = "DURABLE_AGENTS_SECRETS_DIR"
    """Directory of the mounted Secrets."""
    HEALTH_PORT = "DURABLE_AGENTS_HEALTH_PORT"
    """Port of /healthz and /readyz; unset, there are none."""
    TERMINATION_LOG = "DURABLE_AGENTS_TERMINATION_LOG"
    """File for the worker's last words; unset, the kubelet's default."""
    MODULES = "WORKER_MODULES"
    """Python modules with tools, separated by commas; set by the user or the image."""
