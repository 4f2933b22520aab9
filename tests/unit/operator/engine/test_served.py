"""What is served, why the rest is not, and what to do about it."""

import pytest

from agents_operator.engine.served import Served, refusal
from agents_operator.kubernetes.access import TO_WATCH, Right


@pytest.mark.parametrize("namespace", ["team", None])
def test_nothing_is_refused_where_no_right_is_missing(namespace: str | None) -> None:
    assert refusal(namespace, ()) == ""


def test_missing_right_in_a_namespace_is_named_with_what_to_do() -> None:
    assert refusal("team", [Right("watch", "agents")]) == (
        "namespace team is not served: the operator may not watch agents there: "
        "create the namespace and upgrade the Helm release, or take it out of watchNamespaces"
    )


def test_missing_right_in_all_namespaces_is_named_with_what_to_do() -> None:
    assert refusal(None, [Right("list", "agents"), Right("watch", "agents")]) == (
        "nothing is served: the operator may not list agents and watch agents in all namespaces; "
        "files/permissions.yaml of the Helm chart lists what it needs"
    )


def test_all_missing_rights_are_named_by_their_verbs() -> None:
    kinds = "agents, agentruns, mcpservers, modelproviders, temporalconnections, workerpools"
    assert f"may not list {kinds} and watch {kinds} there" in refusal("team", TO_WATCH)


def test_no_namespaces_named_means_all_at_once() -> None:
    served = Served(())
    assert (served.wanted, served.now()) == ((None,), ())
    served.tell(None, "")
    assert served.now() == (None,)


def test_one_namespace_that_is_served_is_enough() -> None:
    served = Served(("a", "b"))
    assert served.why_none() == "namespace a is not served yet; namespace b is not served yet"
    served.tell("a", "a is gone")
    served.tell("b", "")
    assert (served.now(), served.why_none()) == (("b",), "")
    served.tell("b", "b is gone")
    assert (served.now(), served.why_none()) == ((), "a is gone; b is gone")


def test_only_what_changes_is_news() -> None:
    served = Served(("a",))
    assert [served.tell("a", why) for why in ("gone", "gone", "", "", "gone")] == [
        True,
        False,
        True,
        False,
        True,
    ]
