"""The tool by which a model asks a person."""

from pydantic import BaseModel, ConfigDict, ValidationError

from agents_crds.contract.names import ASK_USER
from agents_crds.contract.transcript import FunctionDefinition
from agents_crds.v1alpha1.fields import JsonSchema

ASK_USER_TOOL = FunctionDefinition(
    name=ASK_USER,
    description=(
        "Asks the person that you work for, and waits for the answer, which may take long and may not come. "
        "Use it only for what you need to go on with and cannot find out yourself; ask one thing at a time."
    ),
    parameters=JsonSchema(
        {
            "type": "object",
            "properties": {
                "question": {"type": "string", "description": "The question, complete in itself."}
            },
            "required": ["question"],
            "additionalProperties": False,
        }
    ),
)
"""What the model is told of it, where the Agent's `limits.waitForInput` lets it ask."""


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    question: str


def asked_question(arguments: str) -> str | None:
    """Return the question of a call, by its arguments as JSON; None when there is none."""
    try:
        return _Arguments.model_validate_json(arguments).question.strip() or None
    except ValidationError:
        return None


def meanwhile(text: str) -> str:
    """Note what a person said without being asked, for a model that is told results of calls."""
    return f"[The user says meanwhile: {text}]"
