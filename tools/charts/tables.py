"""Tables of a chart's values, made from the comments in its values.yaml; pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

BEGIN = "<!-- values: made from values.yaml by `make generate` -->\n"
END = "<!-- end of values -->\n"


@dataclass(frozen=True)
class Value:
    """A value of a chart; a section has no default."""

    path: str
    default: str | None
    description: str


def read_values(text: str) -> list[Value]:
    """Read all values of a values.yaml, each with the comment lines right above it."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("values.yaml must be a map")
    return list(_values(root, text.splitlines(), prefix=""))


def values_table(values: list[Value]) -> str:
    """Return the values as a Markdown table."""
    rows = "".join(
        f"| `{value.path}` | {_code(value.default)} | {value.description.replace('|', chr(92) + '|')} |\n"
        for value in values
    )
    return f"| value | default | what it is |\n|---|---|---|\n{rows}"


def with_table(page: str, table: str, *, begin: str = BEGIN, end: str = END) -> str:
    """Replace the table between the two marks of a page; raises ValueError when it lacks them."""
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page lacks {begin.strip()} and {end.strip()}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def _values(node: yaml.MappingNode, lines: list[str], prefix: str) -> Iterator[Value]:
    for key, child in node.value:
        path = f"{prefix}{key.value}"
        description = _comment_above(lines, key.start_mark.line)
        if isinstance(child, yaml.MappingNode) and _is_section(child, lines):
            yield Value(path, None, description)
            yield from _values(child, lines, f"{path}.")
        else:
            yield Value(path, json.dumps(_plain(child)), description)


def _is_section(node: yaml.MappingNode, lines: list[str]) -> bool:
    """Tell a map whose values are explained one by one from one that is a value itself."""
    return any(_comment_above(lines, key.start_mark.line) for key, _ in node.value)


def _comment_above(lines: list[str], line: int) -> str:
    first = line
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return " ".join(each.strip().removeprefix("#").strip() for each in lines[first:line])


def _plain(node: yaml.Node) -> object:
    return yaml.SafeLoader("").construct_object(node, deep=True)


def _code(default: str | None) -> str:
    return "" if default is None else f"`{default}`"
