"""What the model accepts the API server accepts, with the same defaults; what one refuses, the other does."""

import json

from hypothesis import given, settings
from pydantic import JsonValue, ValidationError

from agents_crds.generate.manifest import Kind
from agents_crds.v1alpha1 import API_VERSION, StoredObject
from tests.crds.apiserver import ApiServer
from tests.crds.faults import apply, faults
from tests.crds.generation import REPRODUCIBLE, nearly_fitting
from tests.crds.samples import every_kind, samples
from tests.crds.schema import Node, input_of


@every_kind
def test_samples_set_every_field(kind: Kind) -> None:
    assert _unset(input_of(kind), _written(kind)) == []


@every_kind
def test_every_single_fault_is_answered_alike(kind: Kind, api: ApiServer) -> None:
    answers = (
        (fault, _disagreement(kind, apply(written, fault), api))
        for written in _written(kind)
        for fault in faults(input_of(kind), written)
    )
    assert [f"{fault}: {answer}" for fault, answer in answers if answer] == []


@every_kind
def test_every_object_is_answered_alike(kind: Kind, api: ApiServer) -> None:
    @settings(REPRODUCIBLE, max_examples=300)
    @given(nearly_fitting(input_of(kind)))
    def answered_alike(written: JsonValue) -> None:
        assert _disagreement(kind, written, api) is None

    answered_alike()


def _written(kind: Kind) -> list[JsonValue]:
    """The part of the samples that is the user's: names and specs."""
    return [{key: each[key] for key in ("metadata", "spec")} for each in samples(kind)]


def _unset(node: Node, values: list[JsonValue], path: str = "") -> list[str]:
    """Name the fields that none of the values sets."""
    items = [item for value in values if isinstance(value, list) for item in value]
    if items and node.items is not None:
        return _unset(node.items, items, f"{path}[]")
    missing: list[str] = []
    objects = [value for value in values if isinstance(value, dict)]
    for name, child in (node.properties if objects else {}).items():
        given = [each[name] for each in objects if name in each]
        missing += _unset(child, given, f"{path}.{name}") if given else [f"{path}.{name}"]
    return missing


def _disagreement(kind: Kind, written: JsonValue, api: ApiServer) -> str | None:
    """How the two answers differ, or None when they do not."""
    assert isinstance(written, dict)
    parsed = _parsed(kind, written)
    answer = api.create(
        kind, {"apiVersion": API_VERSION, "kind": kind.name, **written}, namespace="default", dry_run=True
    )
    match parsed:
        case StoredObject() if not answer.accepted:
            return f"only the model accepts it: {answer.content.decode()}"
        case ValidationError() if answer.accepted:
            return f"only the API server accepts it: {parsed}"
        case StoredObject():
            stored = kind.model.model_validate(json.loads(answer.content))
            same = stored.model_copy(update={"metadata": parsed.metadata}) == parsed
            return None if same else f"the API server stores {stored.manifest()}, not {parsed.manifest()}"
        case _:
            return None


def _parsed(kind: Kind, written: JsonValue) -> StoredObject | ValidationError:
    try:
        parsed = kind.model.model_validate(written, extra="forbid", by_name=False)
    except ValidationError as error:
        return error
    assert isinstance(parsed, StoredObject)
    return parsed
