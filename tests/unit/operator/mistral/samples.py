"""Agents as they are sent."""

from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.mistral import (
    AgentDefinition,
    AgentIdentity,
    CompletionArguments,
    FunctionDefinition,
    Stamp,
)
from tests.unit.operator.namespace import MODEL

IDENTITY = AgentIdentity("tests", "team-a", "finance")
STAMP = Stamp(installation="tests", namespace="team-a", name="finance", uid="uid-1", hash="hash-1")
TOOL = FunctionDefinition(
    name="get_rate",
    description="Returns a rate.",
    parameters=JsonSchema({"type": "object", "properties": {"year": {"type": "integer"}}}),
)
DEFINITION = AgentDefinition(
    model=MODEL,
    name=IDENTITY.remote_name,
    description="Answers questions.",
    instructions="Be brief.",
    tools=(TOOL,),
    completion=CompletionArguments(temperature=0.3, stop=("END",), max_tokens=100),
)
BARE = AgentDefinition(
    model=MODEL,
    name=IDENTITY.remote_name,
    description=None,
    instructions=None,
    tools=(),
    completion=CompletionArguments(),
)
