"""Runs the tools of the server, and reads back what they found. Pure: a file's id comes from outside."""

import ast
import json
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from tests.standin.arguments import fill_arguments
from tests.standin.arithmetic import evaluate, find_expressions
from tests.standin.base import Frozen
from tests.standin.chunks import Finding, TextChunk, ToolFileChunk, ToolReferenceChunk
from tests.standin.entries import ToolExecution
from tests.standin.offers import Offer
from tests.standin.world import Fact, World

Arguments = dict[str, JsonValue]


class Source(Frozen):
    title: str
    url: str | None = None
    description: str | None = None


class File(Frozen):
    file_id: str
    file_name: str
    file_type: str


class Info(BaseModel):
    """What an execution tells about itself; Mistral documents only `code` and `code_output`,
    and sends `result` too.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    result: tuple[TextChunk, ...] | None = None
    code: str | None = None
    code_output: str | None = None
    sources: tuple[Source, ...] | None = None
    files: tuple[File, ...] | None = None


def choose_arguments(offer: Offer, clause: str, *texts: str) -> Arguments:
    """Choose what a tool is called with: a search or a picture gets the whole clause, code its arithmetic."""
    match offer.work:
        case "search":
            return {"query": clause.strip()}
        case "draw":
            return {"prompt": clause.strip()}
        case "compute":
            return {"code": _program(clause)}
        case "connect":
            return fill_arguments(offer.spec.parameters, clause, *texts)


def run(offer: Offer, arguments: Mapping[str, JsonValue], world: World, file_id: str) -> dict[str, JsonValue]:
    """Run a tool, and give the execution's info."""
    match offer.work:
        case "search":
            info = _search(offer, _text(arguments, "query"), world)
        case "compute":
            code = _text(arguments, "code")
            output = run_code(code)
            info = Info(result=(TextChunk(text=output),), code=code, code_output=output)
        case "draw":
            info = Info(
                result=(TextChunk(text=f"a picture of: {_text(arguments, 'prompt')}"),),
                files=(File(file_id=file_id, file_name="image_generated_0", file_type="png"),),
            )
        case "connect":
            said = offer.result or f"{offer.tool} answers {json.dumps(arguments, ensure_ascii=False)}"
            info = Info(result=(TextChunk(text=said),))
    shown: dict[str, JsonValue] = info.model_dump(mode="json", exclude_none=True)
    return shown


def run_code(code: str) -> str:
    """Run a program of expressions and `print`s, one a line; what it does not understand prints nothing."""
    try:
        lines = ast.parse(code).body
    except SyntaxError as error:
        return f"SyntaxError: {error.msg}\n"
    return "".join(f"{output}\n" for line in lines if (output := _output(line)) is not None)


def result_of(execution: ToolExecution) -> str:
    """Give what a tool returned, as text."""
    match _info(execution):
        case Info(result=tuple(chunks)):
            return "; ".join(chunk.text.strip() for chunk in chunks)
        case Info(code_output=str(output)):
            return output.strip()
        case _:
            return json.dumps(execution.info, ensure_ascii=False)


def findings_of(execution: ToolExecution) -> tuple[Finding, ...]:
    """List what a message may cite: sources that a tool found, and files that it made."""
    info = _info(execution)
    if info is None:
        return ()
    tool = execution.name
    return (
        *(ToolReferenceChunk(tool=tool, **dict(source)) for source in info.sources or ()),
        *(ToolFileChunk(tool=tool, **dict(file)) for file in info.files or ()),
    )


def _info(execution: ToolExecution) -> Info | None:
    """Read an execution's info; None where a script made it up in another form."""
    try:
        return Info.model_validate(execution.info)
    except ValidationError:
        return None


def _search(offer: Offer, query: str, world: World) -> Info:
    facts = world.found(query, offer.library_ids) or (_invented(query, offer.library_ids),)
    return Info(
        result=tuple(TextChunk(text=fact.text) for fact in facts),
        sources=tuple(Source(title=fact.title, url=fact.url, description=fact.description) for fact in facts),
    )


def _invented(query: str, library_ids: tuple[str, ...]) -> Fact:
    """Find something on any query: what is asked for comes back in the title, the address and the text."""
    if not library_ids:
        url = f"https://example.org/search?q={quote(query)}"
        return Fact(words="", title=f"About {query}", text=f"what the web says about: {query}", url=url)
    library_id = library_ids[0]
    return Fact(
        words="",
        title=f"Notes on {query}",
        text=f"what library {library_id} says about: {query}",
        url=f"https://example.org/libraries/{quote(library_id)}/documents/{quote(query, safe='')}",
        library_id=library_id,
    )


def _program(clause: str) -> str:
    expressions = find_expressions(clause)
    match expressions:
        case ():
            return f"print({clause.strip()!r})"
        case (only,):
            return only
        case _:
            return "\n".join(f"print({expression})" for expression in expressions)


def _output(line: ast.stmt) -> str | None:
    match line:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[printed])):
            return _shown(printed)
        case ast.Expr(value=value):
            return _shown(value)
        case _:
            return None


def _shown(value: ast.expr) -> str | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    try:
        return evaluate(ast.unparse(value))
    except SyntaxError:
        return None


def _text(arguments: Mapping[str, JsonValue], name: str) -> str:
    return str(arguments.get(name, ""))
