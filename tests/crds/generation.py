"""Hypothesis strategies: objects that fit a schema, and objects that nearly do."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from tests.crds.faults import Put, apply, faults
from tests.crds.schema import Node

# The same examples in every run; to search further, leave `derandomize` out and raise `max_examples`.
REPRODUCIBLE = settings(
    derandomize=True,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)

Strategy = st.SearchStrategy[JsonValue]

# Surrogates are no text: see `tests.crds.faults`.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def _json(integers: Strategy, floats: Strategy) -> Strategy:
    return st.recursive(
        st.none() | st.booleans() | integers | floats | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=5,
    )


ANY_JSON = _json(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
# Go writes larger floats without an exponent, which Python reads as an integer of other digits.
STORABLE_JSON = _json(st.integers(-(2**63), 2**63 - 1), st.floats(-(2**53), 2**53))


def fitting(node: Node) -> Strategy:
    """Values that fit a schema; whether they keep its rules is left to chance."""
    match node.type:
        case "object":
            return _object(node)
        case "array":
            return _list(node)
        case "string":
            return _text(node)
        case "integer":
            return _integer(node)
        case "number":
            return st.floats(node.minimum, node.maximum) | st.integers(-2, 2)
        case "boolean" | "any":
            return st.booleans() if node.type == "boolean" else STORABLE_JSON.filter(_is_something)


def _is_something(value: object) -> bool:
    """Null of a field is its absence."""
    return value is not None


def _object(node: Node) -> Strategy:
    fields = {name: fitting(child) for name, child in node.properties.items()}
    known = st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in node.required},
        optional={name: field for name, field in fields.items() if name not in node.required},
    )
    other = STORABLE_JSON if node.opaque else fitting(node.values) if node.values else st.nothing()
    others = st.dictionaries(TEXT, other, max_size=3)
    return st.builds(lambda others, known: others | known, others, known)


def _list(node: Node) -> Strategy:
    assert node.items is not None, "a list has items"
    most, keys = min(node.max_items or 3, 3), node.keys
    key_of = (lambda item: repr([item[key] for key in keys])) if keys else None
    return st.lists(fitting(node.items), min_size=node.min_items, max_size=most, unique_by=key_of).map(list)


def _integer(node: Node) -> Strategy:
    # Without bounds it is something that servers count, with 64 bits.
    low = -(2**63) if node.minimum is None else int(node.minimum)
    high = 2**63 - 1 if node.maximum is None else int(node.maximum)
    return st.integers(low, high) | st.integers(max(low, -(2**53)), min(high, 2**53)).map(float)


def _text(node: Node) -> Strategy:
    longest = node.max_length or 64
    if node.enum:
        return st.sampled_from(node.enum)
    if node.format == "date-time":
        return st.datetimes().map(lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if node.pattern is not None:
        return st.from_regex(node.pattern, fullmatch=True).filter(lambda text: len(text) <= longest)
    return st.text(
        st.characters(exclude_categories=["Cs"]), min_size=node.min_length, max_size=min(longest, 40)
    )


def nearly_fitting(node: Node) -> Strategy:
    """Values that fit a schema, after up to two changes."""
    return _changed(node, fitting(node))


@st.composite
def _changed(draw: st.DrawFn, node: Node, values: Strategy) -> JsonValue:
    value = draw(values)
    for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2)))):
        known = tuple(faults(node, value))
        fault = known[draw(st.integers(0, len(known) - 1))]
        surprise = st.builds(Put, st.just(fault.path), TEXT | ANY_JSON)
        value = apply(value, draw(st.just(fault) | surprise))
    return value
