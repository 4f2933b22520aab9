"""A model's arguments, turned into those of the function."""

import inspect
from collections import OrderedDict
from dataclasses import dataclass

from pydantic import ValidationError

from agents_worker.tools.context import ToolContext
from agents_worker.tools.definition import Tool


@dataclass(frozen=True)
class InvalidArguments:
    """Arguments that the tool does not take, with a text that tells the model why."""

    text: str


def bind_arguments(
    tool: Tool, arguments: str, context: ToolContext
) -> inspect.BoundArguments | InvalidArguments:
    """Validate arguments (a JSON object; nothing at all stands for an empty one) against the signature.

    A function that wants the context gets it beside them.
    """
    parameters = tool.parameters
    try:
        values = parameters.model.model_validate_json(arguments.strip() or "{}")
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        )
        return InvalidArguments(f"{tool.name} was not called, its arguments are invalid: {problems}")
    given = OrderedDict[str, object](
        (name, getattr(values, field)) for name, field in parameters.fields.items()
    )
    if parameters.context is not None:
        given[parameters.context] = context
    return inspect.BoundArguments(parameters.signature, given)
