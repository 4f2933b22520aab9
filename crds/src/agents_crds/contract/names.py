"""Names in Temporal and on Mistral's side, each under the installation's own prefix."""

import hashlib
import re
from dataclasses import dataclass

AGENT_RUN_WORKFLOW = "AgentRun"
DESCRIBE_TOOLS_WORKFLOW = "DescribeTools"
DESCRIBE_MCP_SERVER_WORKFLOW = "DescribeMcpServer"
GET_MCP_PROMPT_WORKFLOW = "GetMcpPrompt"
MCP_SERVER_CHANGED_WORKFLOW = "McpServerChanged"
AGENT_LOOP_WORKFLOW = "AgentLoop"
"""The loop as a child of a user's own workflow."""
REPORT_ACTIVITY = "report"
INPUT_REQUIRED_ACTIVITY = "input_required"
"""Tells the operator that a run waits for a person: a `RunProgress`."""
RESOLVE_AGENT_ACTIVITY = "resolve_agent"
USER_INPUT_SIGNAL = "user_input"
"""Says something to the agent: a `UserInput`."""
STOP_SIGNAL = "stop"
"""Ends the loop after the step in flight."""
ADD_INPUT_UPDATE = "add_input"
"""As USER_INPUT_SIGNAL, but says at once whether it is heard; it needs a worker."""
MCP_SERVER_CHANGED_ACTIVITY = "mcp_server_changed"

INSTALLATION_KEY = "durable-agents.dev/installation"
NAMESPACE_KEY = "durable-agents.dev/namespace"
NAME_KEY = "durable-agents.dev/name"
UID_KEY = "durable-agents.dev/uid"
HASH_KEY = "durable-agents.dev/hash"
RETENTION_KEY = "durable-agents.dev/retention"
WORKFLOW_KEY = "durable-agents.dev/workflow"
"""Metadata of remote agents and conversations."""

RUN_MEMO = "agentrun"
"""Memo of a run's workflow: a `RunMemo`."""

PROGRESS_MEMO = "progress"
"""Memo of a run's workflow: a `RunProgress`."""

STATE_ATTRIBUTE = "DurableAgentsState"
"""Search attribute (keyword) of a run's workflow: WAITING_STATE while it holds no slot, else empty."""
WAITING_STATE = "Waiting"

ASK_USER = "ask_user"
"""The tool by which a model asks a person."""

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


def place_of_pool(queue: str) -> tuple[str, str] | None:
    """Read installation and namespace from the queue of a WorkerPool; None for any other queue."""
    match queue.split("/"):
        case [installation, namespace, "pools", _] if installation and namespace:
            return installation, namespace
        case _:
            return None


def provider_queue(installation: str, namespace: str, provider: str) -> str:
    """Task queue of a ModelProvider: its model calls, so that rate limits and fairness can be set there."""
    return f"{installation}/{namespace}/providers/{provider}"


def worker_deployment(installation: str, namespace: str, pool: str) -> str:
    """Worker Deployment of a WorkerPool; Temporal allows neither `.` nor `:` in its name."""
    return f"{installation}/{namespace}/{pool}"


@dataclass(frozen=True)
class PoolIdentity:
    """The WorkerPool that a Worker Deployment belongs to."""

    installation: str
    namespace: str
    pool: str

    @classmethod
    def of_deployment(cls, name: str) -> "PoolIdentity | None":
        """Read the identity back from a Worker Deployment's name; None when it is no pool's."""
        match name.split("/"):
            case [installation, namespace, pool] if installation and namespace and pool:
                return cls(installation, namespace, pool)
            case _:
                return None


def loop_workflow_id(installation: str, namespace: str, unique: str) -> str:
    """Id of a loop that a workflow of the user's own runs as its child; it is no AgentRun's."""
    return f"{installation}/{namespace}/loops/{unique}"


def secret_path(secret: str, key: str) -> str:
    """Path of a mounted Secret's key below the secrets directory."""
    return f"{secret}/{key}"


def probe_workflow_id(installation: str, namespace: str, pool: str, build: str) -> str:
    """Id of the workflow that asks a build for its tools."""
    return f"{installation}/{namespace}/probes/{pool}/{build}"


def mcp_workflow_id(installation: str, namespace: str, server: str, purpose: str) -> str:
    """Id of a workflow that asks an MCP server for something, or tells of it."""
    return f"{installation}/{namespace}/mcp/{server}/{purpose}"


@dataclass(frozen=True)
class McpServerIdentity:
    """The MCPServer that a workflow of `mcp_workflow_id` is about."""

    installation: str
    namespace: str
    server: str

    @classmethod
    def of_workflow(cls, workflow_id: str) -> "McpServerIdentity | None":
        """Read the identity back from a workflow's id; None when it is about no MCPServer."""
        match workflow_id.split("/"):
            case [installation, namespace, "mcp", server, _, *_] if installation and namespace and server:
                return cls(installation, namespace, server)
            case _:
                return None


TOOL_NAME_LIMIT = 64
_NOT_IN_A_TOOL_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_DIGEST_LENGTH = 8


def mcp_tool_name(server: str, tool: str) -> str:
    """Name a tool of an MCP server as the model knows it: `server_tool`.

    What a model's tool name cannot hold becomes `_`; a name that was changed or cut ends with a hash of the
    whole, so that no two tools get one name.
    """
    return _tool_name(f"{server}_{tool}")


def _tool_name(whole: str) -> str:
    name = _NOT_IN_A_TOOL_NAME.sub("_", whole)
    if name == whole and len(name) <= TOOL_NAME_LIMIT:
        return name
    digest = hashlib.sha256(whole.encode(errors="replace")).hexdigest()[:_DIGEST_LENGTH]
    return f"{name[: TOOL_NAME_LIMIT - _DIGEST_LENGTH - 1]}_{digest}"


def handoff_tool_name(agent: str) -> str:
    """Name the tool by which a model of a Local session gives the conversation to an Agent."""
    return _tool_name(f"handoff_to_{agent}")
