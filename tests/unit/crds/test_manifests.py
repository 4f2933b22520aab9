"""The CRD manifests: up to date, explained, and bounded everywhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from agents_crds.generate.__main__ import main
from agents_crds.generate.manifest import KINDS, Kind
from agents_crds.generate.schema import UnsupportedSchemaError, structural_schema
from agents_crds.v1alpha1 import StoredObject
from agents_crds.v1alpha1.base import ApiModel
from tests.crds.schema import Node, schema_of

ROOT = Path(__file__).resolve().parents[3]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def test_generated_files_are_as_the_models_say(tmp_path: Path) -> None:
    main(tmp_path)
    generated = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in (ROOT / "crds" / "manifests").iterdir()} < {path.name for path in generated}
    for path in generated:
        assert path.read_text() == (ROOT / path.relative_to(tmp_path)).read_text(), path.name


@every_kind
def test_every_field_is_explained(kind: Kind) -> None:
    # The API server explains metadata itself.
    fields = [(path, node) for path, node in _fields(schema_of(kind)) if path != "metadata"]
    assert [path for path, node in fields if not node.description] == []


@every_kind
def test_every_text_and_list_is_bounded(kind: Kind) -> None:
    unbounded = [
        path
        for path, node in _fields(schema_of(kind))
        if path not in {"apiVersion", "kind"}
        and (
            (node.type == "array" and node.max_items is None)
            or (node.type == "string" and not (node.max_length or node.enum or node.format))
        )
    ]
    assert unbounded == []


@every_kind
def test_columns_and_selectable_fields_exist(kind: Kind) -> None:
    known = {f".{path}" for path, _ in _fields(schema_of(kind))} | {".metadata.creationTimestamp"}
    used = {*(column.json_path for column in kind.columns), *kind.selectable}
    assert {path for path in used if "[" not in path} <= known


class Unions(ApiModel):
    value: int | str


class Maps(ApiModel):
    value: dict[str, int]


class Sets(ApiModel):
    value: frozenset[str]


class OpenBounds(ApiModel):
    value: Annotated[int, Field(gt=0)]


@pytest.mark.parametrize("part", [Unions, Maps, Sets, OpenBounds])
def test_construct_that_was_never_tried_is_refused_by_its_path(part: type[ApiModel]) -> None:
    class Example(StoredObject):
        spec: part  # type: ignore[valid-type]  # a parameter of the test

    with pytest.raises(UnsupportedSchemaError, match=r"Example\.spec\.value"):
        structural_schema(Example)


def _fields(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    for name, child in node.properties.items():
        below = f"{path}.{name}".lstrip(".")
        yield below, child
        yield from _fields(child.items or child, below)
        if child.items is not None and not child.items.properties:
            yield f"{below}[]", child.items.model_copy(update={"description": child.description})
