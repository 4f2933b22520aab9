"""Names in Temporal and on Mistral's side, each under the installation's own prefix."""

from dataclasses import dataclass

AGENT_RUN_WORKFLOW = "AgentRun"
DESCRIBE_TOOLS_WORKFLOW = "DescribeTools"
REPORT_ACTIVITY = "report"

INSTALLATION_KEY = "durable-agents.dev/installation"
NAMESPACE_KEY = "durable-agents.dev/namespace"
NAME_KEY = "durable-agents.dev/name"
UID_KEY = "durable-agents.dev/uid"
HASH_KEY = "durable-agents.dev/hash"
"""Metadata of remote agents and conversations."""

RUN_MEMO = "agentrun"
"""Memo of a run's workflow: a `RunMemo`."""

SECRETS_DIR = "/var/run/secrets/durable-agents.dev"
"""Where worker pods find the mounted Secrets, as `<secret>/<key>`."""


@dataclass(frozen=True)
class RunIdentity:
    """The AgentRun that a workflow belongs to."""

    installation: str
    namespace: str
    uid: str

    @property
    def workflow_id(self) -> str:
        """Id of the one workflow that this AgentRun ever has."""
        return f"{self.installation}/{self.namespace}/{self.uid}"

    @classmethod
    def of_workflow(cls, workflow_id: str) -> "RunIdentity | None":
        """Read the identity back from a workflow's id; None when it is not a run's."""
        match workflow_id.split("/"):
            case [installation, namespace, uid] if installation and namespace and uid:
                return cls(installation, namespace, uid)
            case _:
                return None


def operator_queue(installation: str) -> str:
    """Task queue that every operator replica of the installation serves."""
    return f"{installation}/operator"


def pool_queue(installation: str, namespace: str, pool: str) -> str:
    """Task queue of a WorkerPool: its workflows and its tool calls."""
    return f"{installation}/{namespace}/pools/{pool}"


def provider_queue(installation: str, namespace: str, provider: str) -> str:
    """Task queue of a ModelProvider: its model calls, so that rate limits and fairness can be set there."""
    return f"{installation}/{namespace}/providers/{provider}"


def worker_deployment(installation: str, namespace: str, pool: str) -> str:
    """Worker Deployment of a WorkerPool; Temporal allows neither `.` nor `:` in its name."""
    return f"{installation}/{namespace}/{pool}"


def secret_path(secret: str, key: str) -> str:
    """Path of a mounted Secret's key below the secrets directory."""
    return f"{secret}/{key}"


def probe_workflow_id(installation: str, namespace: str, pool: str, build: str) -> str:
    """Id of the workflow that asks a build for its tools."""
    return f"{installation}/{namespace}/probes/{pool}/{build}"
