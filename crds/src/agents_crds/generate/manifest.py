"""The CustomResourceDefinition of each kind: names, columns, selectable fields and schema."""

from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from agents_crds.generate.schema import structural_schema
from agents_crds.v1alpha1 import (
    GROUP,
    VERSION,
    Agent,
    AgentRun,
    MCPServer,
    ModelProvider,
    StoredObject,
    TemporalConnection,
    WorkerPool,
)


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`; `wide` ones need `-o wide`."""

    name: str
    json_path: str
    description: str
    type: Literal["string", "integer", "date", "boolean"] = "string"
    wide: bool = False


@dataclass(frozen=True)
class Kind:
    """How a model becomes a resource."""

    model: type[StoredObject]
    plural: str
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    is_scalable: bool = False
    """Whether `kubectl scale` and an HPA can set `spec.replicas`."""

    @property
    def name(self) -> str:
        """Name of the kind."""
        return self.model.__name__


AGE = Column("Age", ".metadata.creationTimestamp", "Time since creation.", type="date")


def _condition(name: str, type_: str, leaf: str, description: str, *, wide: bool = False) -> Column:
    return Column(name, f'.status.conditions[?(@.type=="{type_}")].{leaf}', description, wide=wide)


KINDS = (
    Kind(
        Agent,
        plural="agents",
        short_names=("ag",),
        selectable=(".spec.providerRef.name", ".spec.workerPoolRef.name"),
        columns=(
            Column("Model", ".spec.model", "Name of the model."),
            _condition("Ready", "Ready", "status", "Whether runs can start."),
            _condition("Reason", "Ready", "reason", "Why it is Ready or not."),
            _condition("Degraded", "Degraded", "status", "Whether something is missing while it serves."),
            Column(
                "Version", ".status.remote.version", "Version of the agent on Mistral's side.", type="integer"
            ),
            AGE,
            Column(
                "Session", ".spec.session", "Who keeps the conversation; a Local one has no ID.", wide=True
            ),
            Column("ID", ".status.remote.id", "Id of the agent on Mistral's side.", wide=True),
            _condition("Message", "Ready", "message", "Why it is Ready or not, in a sentence.", wide=True),
        ),
    ),
    Kind(
        AgentRun,
        plural="agentruns",
        short_names=("arun",),
        selectable=(".status.finished", ".status.expires", ".spec.agentRef.name"),
        columns=(
            Column("Agent", ".spec.agentRef.name", "The Agent."),
            _condition("Succeeded", "Succeeded", "status", "Unknown while the run goes."),
            _condition("Reason", "Succeeded", "reason", "What it waits for, or how it ended."),
            Column("Turns", ".status.turns", "Model calls that were answered.", type="integer"),
            Column("Tokens", ".status.usage.totalTokens", "All tokens of the run.", type="integer"),
            Column("Duration", ".status.duration", "Time from start to end."),
            AGE,
            Column("Step", ".status.progress.step", "What a run that goes was seen to do.", wide=True),
            Column("Answered-By", ".status.answeredBy", "The agent that had the last word.", wide=True),
            Column("Output", ".status.output.excerpt", "Start of the answer.", wide=True),
            _condition("Message", "Succeeded", "message", "What it waits for, or how it ended.", wide=True),
            Column("Workflow", ".status.workflowId", "Id of the Temporal workflow.", wide=True),
            Column("Started", ".status.startTime", "When the workflow started.", wide=True),
            Column("Finished", ".status.completionTime", "When the workflow ended.", wide=True),
        ),
    ),
    Kind(
        ModelProvider,
        plural="modelproviders",
        short_names=("mprov",),
        columns=(
            Column("URL", ".spec.url", "Address of the provider."),
            _condition("Ready", "Ready", "status", "Whether the provider answers, and takes its key."),
            _condition("Reason", "Ready", "reason", "Why it is Ready or not."),
            AGE,
            Column("Protocol", ".spec.protocol", "What the server speaks.", wide=True),
            _condition("Message", "Ready", "message", "Why it is Ready or not, in a sentence.", wide=True),
        ),
    ),
    Kind(
        MCPServer,
        plural="mcpservers",
        short_names=("mcp",),
        selectable=(".spec.workerPoolRef.name",),
        columns=(
            _condition("Ready", "Ready", "status", "Whether its tools could be listed."),
            _condition("Reason", "Ready", "reason", "Why it is Ready or not."),
            Column("Tools", ".status.toolCount", "Number of its tools.", type="integer"),
            Column("Prompts", ".status.promptCount", "Number of its prompts.", type="integer"),
            Column("Refreshed", ".status.refreshTime", "When they were last listed.", type="date"),
            AGE,
            Column("Pool", ".spec.workerPoolRef.name", "The WorkerPool whose workers call it.", wide=True),
            _condition("Message", "Ready", "message", "Why it is Ready or not, in a sentence.", wide=True),
        ),
    ),
    Kind(
        WorkerPool,
        plural="workerpools",
        short_names=("wp",),
        is_scalable=True,
        columns=(
            _condition("Ready", "Ready", "status", "Whether new runs have workers."),
            _condition("Reason", "Ready", "reason", "Why it is Ready or not."),
            _condition(
                "Rollout", "Progressing", "reason", "Whether new runs use the current spec, or why not."
            ),
            Column(
                "Desired",
                ".status.autoscaling.desiredReplicas",
                "Worker pods that there are to be.",
                type="integer",
            ),
            Column("Pods", ".status.readyReplicas", "Worker pods that work.", type="integer"),
            Column("Executing", ".status.autoscaling.executingRuns", "Runs that execute.", type="integer"),
            Column("Backlog", ".status.autoscaling.backlog", "Tasks that wait.", type="integer"),
            Column("Build", ".status.build", "The build that new runs go to."),
            AGE,
            Column("Scaling", ".status.autoscaling.reason", "Why there are so many worker pods.", wide=True),
            Column(
                "Waiting", ".status.autoscaling.waitingRuns", "Runs that wait.", type="integer", wide=True
            ),
            Column(
                "Image",
                '.spec.template.spec.containers[?(@.name=="worker")].image',
                "Image of the workers.",
                wide=True,
            ),
            _condition("Message", "Ready", "message", "Why it is Ready or not, in a sentence.", wide=True),
        ),
    ),
    Kind(
        TemporalConnection,
        plural="temporalconnections",
        short_names=("tconn",),
        columns=(
            Column("Address", ".spec.address", "Host and port of the server."),
            Column("Namespace", ".spec.namespace", "Namespace in Temporal."),
            _condition("Ready", "Ready", "status", "Whether runs can be kept there."),
            _condition("Reason", "Ready", "reason", "Why it is Ready or not."),
            AGE,
            Column("Version", ".status.serverVersion", "Version of the server.", wide=True),
            _condition("Message", "Ready", "message", "Why it is Ready or not, in a sentence.", wide=True),
        ),
    ),
)

SCALE: dict[str, JsonValue] = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def custom_resource_definition(kind: Kind) -> dict[str, JsonValue]:
    """Return the CRD manifest of a kind."""
    singular = kind.name.lower()
    version: dict[str, JsonValue] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}, "scale": SCALE} if kind.is_scalable else {"status": {}},
        "additionalPrinterColumns": [_printer_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": structural_schema(kind.model)},
    }
    if kind.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.selectable]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": singular,
                "shortNames": list(kind.short_names),
                "categories": ["durable-agents"],
            },
            "versions": [version],
        },
    }


def _printer_column(column: Column) -> dict[str, JsonValue]:
    return {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.json_path,
        "description": column.description,
        "priority": 1 if column.wide else 0,
    }
