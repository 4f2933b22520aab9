"""Who mentions a name, as objects come, change and go."""

from agents_operator.engine.index import Index
from agents_operator.engine.world import Key

A, B, C = (Key("team", name, f"uid-{name}") for name in "abc")


def names(*given: str) -> frozenset[str]:
    return frozenset(given)


def test_objects_are_listed_in_the_order_in_which_they_came() -> None:
    index = Index()
    for key in (B, A):
        index.update(key, names(), names("x"))
    assert index.mentioning("team", "x") == (B, A)
    assert index.mentioning("other-team", "x") == ()


def test_object_is_listed_by_what_it_mentions_now() -> None:
    index = Index()
    index.update(A, names(), names("x", "y"))
    index.update(A, names("x", "y"), names("y", "z"))
    assert [index.mentioning("team", name) for name in "xyz"] == [(), (A,), (A,)]


def test_nothing_is_kept_of_what_is_gone() -> None:
    index = Index()
    for key in (A, B):
        index.update(key, names(), names("x", key.name))
    for key in (A, B):
        index.update(key, names("x", key.name), names())
    assert len(index) == 0


def test_all_that_lead_to_a_name_are_found_in_cycles_too() -> None:
    index = Index()
    index.update(A, names(), names("b"))
    index.update(B, names(), names("c", "a"))
    index.update(C, names(), names("c"))
    assert index.leading_to("team", ["c"]) == {"a", "b", "c"}
    assert index.leading_to("team", ["x"]) == {"x"}
    assert index.leading_to("other-team", ["c"]) == {"c"}
