"""What users with the roles view, edit and admin may do with our kinds, and what not."""

import itertools

import pytest

from tests.charts.cluster import Cluster
from tests.charts.conftest import ADMIN, EDITOR, STATUS, TEAM, VIEWER
from tests.charts.people import SPECS

WRITTEN_BY: dict[str, set[str]] = {
    VIEWER: set(),
    EDITOR: {"agents", "agentruns"},
    ADMIN: {"agents", "agentruns", "mcpservers", "modelproviders", "temporalconnections", "workerpools"},
}
each_on_each = pytest.mark.parametrize(("name", "plural"), list(itertools.product(WRITTEN_BY, SPECS)))


@each_on_each
def test_everyone_reads_in_the_own_namespace_only(name: str, plural: str, cluster: Cluster) -> None:
    assert cluster.person(name).lists(plural, TEAM).allowed
    assert not cluster.person(name).lists(plural, "default").allowed


@each_on_each
def test_only_the_roles_kinds_are_written(name: str, plural: str, cluster: Cluster) -> None:
    person = cluster.person(name)
    answers = {
        "patch": person.patches(plural, TEAM, {"metadata": {"labels": {"edited": "yes"}}}),
        "delete": person.deletes(plural, TEAM),
        "deletecollection": person.deletes_all(plural, TEAM),
    }
    if plural in WRITTEN_BY[EDITOR]:  # a provider's Secret and a pool's template need more than the role
        answers["create"] = person.creates(plural, TEAM)
    assert {answer.allowed for answer in answers.values()} == {plural in WRITTEN_BY[name]}, answers


@pytest.mark.parametrize("name", WRITTEN_BY)
def test_who_writes_pools_scales_them(name: str, cluster: Cluster) -> None:
    answer = cluster.person(name).patches("workerpools", TEAM, {"spec": {"replicas": 2}}, part="/scale")
    assert answer.allowed == ("workerpools" in WRITTEN_BY[name]), answer


@each_on_each
def test_nobody_writes_status(name: str, plural: str, cluster: Cluster) -> None:
    assert not cluster.person(name).patches(plural, TEAM, STATUS, part="/status").allowed


@each_on_each
def test_nobody_writes_in_another_namespace(name: str, plural: str, cluster: Cluster) -> None:
    assert not cluster.person(name).creates(plural, "default").allowed
