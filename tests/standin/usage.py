"""Counts tokens by the lengths of texts, four characters to a token. Pure."""

import math
from collections import Counter
from collections.abc import Iterable

from tests.standin.chunks import content_text
from tests.standin.entries import (
    AnyEntry,
    FunctionCall,
    FunctionResult,
    MessageInput,
    MessageOutput,
    OutputEntry,
    ToolExecution,
    Usage,
)
from tests.standin.executions import result_of
from tests.standin.model import Prompt

_CHARACTERS_PER_TOKEN = 4


def model_usage(prompt: Prompt, said: Iterable[OutputEntry]) -> Usage:
    """Count what the model read and wrote."""
    specs = (*prompt.tools, *(offer.spec for offer in prompt.offers))
    tools = "".join(spec.model_dump_json(exclude_defaults=True) for spec in specs)
    read = _tokens(prompt.instructions + tools + "".join(map(_entry_text, prompt.entries)))
    written = _tokens("".join(map(_entry_text, said)))
    return Usage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


def connector_usage(said: Iterable[OutputEntry]) -> Usage:
    """Count what the tools of the server brought in, and how often each of them ran."""
    executions = [entry for entry in said if isinstance(entry, ToolExecution)]
    if not executions:
        return Usage()
    tokens = sum(_tokens(entry.arguments + result_of(entry)) for entry in executions)
    ran = Counter(entry.name for entry in executions)
    return Usage(total_tokens=tokens, connector_tokens=tokens, connectors=dict(ran))


def total(usages: Iterable[Usage]) -> Usage:
    """Add up usages; what no call had stays null."""
    parts = tuple(usages)
    connectors: Counter[str] = Counter()
    for part in parts:
        connectors.update(part.connectors or {})
    tokens = [part.connector_tokens for part in parts if part.connector_tokens is not None]
    return Usage(
        prompt_tokens=sum(part.prompt_tokens for part in parts),
        completion_tokens=sum(part.completion_tokens for part in parts),
        total_tokens=sum(part.total_tokens for part in parts),
        connector_tokens=sum(tokens) if tokens else None,
        connectors=dict(connectors) or None,
    )


def _tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _entry_text(entry: AnyEntry) -> str:
    match entry:
        case MessageInput(content=content) | MessageOutput(content=content):
            return content_text(content)
        case FunctionCall(name=name, arguments=arguments):
            return name + str(arguments)
        case FunctionResult(result=result):
            return result
        case _:
            return ""
