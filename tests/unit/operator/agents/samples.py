"""An Agent and what belongs to it, as the tables use them."""

from datetime import UTC, datetime, timedelta

from agents_crds.v1alpha1 import Agent, AgentSpec, ObjectMeta, ToolDescription
from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.agents.definition import DesiredAgent, Parts, desired_agent
from agents_operator.agents.tools import expanded_tools
from agents_operator.mistral import MistralAgent, RemoteTool

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RATE = ToolDescription(
    name="get_rate",
    description="Returns a rate.",
    parameters=JsonSchema({"type": "object", "properties": {"year": {"type": "integer"}}}),
    timeout=timedelta(minutes=1),
)


def agent(**spec: object) -> Agent:
    fields = {"model": "large", "instructions": "Be brief.", "tools": [{"function": {"name": "get_rate"}}]}
    return Agent(
        metadata=ObjectMeta(name="finance", namespace="team-a", uid="uid-1", generation=1),
        spec=AgentSpec.model_validate({**fields, **spec}),
    )


def desired(**spec: object) -> DesiredAgent:
    return with_tool(agent(**spec), RATE)


def with_tool(stored: Agent, function: ToolDescription) -> DesiredAgent:
    """Describe the remote agent of an Agent whose pool offers this function."""
    tools = expanded_tools(stored.spec, {"get_rate": function}, {})
    parts = Parts(str(stored.spec.model), stored.spec.instructions, tuple(tool.definition for tool in tools))
    return desired_agent(stored, parts, installation="tests")


def remote(*, hash: str | None = desired().hash, **fields: object) -> MistralAgent:  # noqa: A002
    """Give the remote agent that is as desired, but for these fields."""
    definition = desired().definition
    as_sent = MistralAgent(
        id="ag_1",
        version=0,
        model=definition.model,
        name=definition.name,
        description=definition.description,
        instructions=definition.instructions,
        tools=tuple(RemoteTool.of(tool) for tool in definition.tools),
        completion_args=definition.completion,
        stamp=desired().stamp.model_copy(update={"hash": hash}),
    )
    return as_sent.model_copy(update=fields)
