"""Who may set what of a WorkerPool."""

from pydantic import JsonValue

from tests.charts.cluster import Cluster
from tests.charts.conftest import TEAM
from tests.charts.people import Person, pool_spec


def test_commands_are_allowed_by_who_may_create_pods(admin: Person, deployer: Person) -> None:
    allowed: JsonValue = {"spec": {"stdio": {"allowedCommands": ["npx"]}}}
    assert "allowed commands of a WorkerPool" in admin.patches("workerpools", TEAM, allowed).message
    assert deployer.patches("workerpools", TEAM, allowed).allowed


def test_commands_of_a_pool_with_a_secret_are_allowed_by_who_may_get_it(
    cluster: Cluster, deployer: Person, key_holder: Person
) -> None:
    cluster.add_object("workerpools", "starting", TEAM, pool_spec(imagePullSecrets=[{"name": "s"}]))
    allowed: JsonValue = {"spec": {"stdio": {"allowedCommands": ["npx"]}}}
    assert "names Secret s" in deployer.patches("workerpools", TEAM, allowed, name="starting").message
    assert key_holder.patches("workerpools", TEAM, allowed, name="starting").allowed


def test_a_pool_is_scaled_by_who_may_not_create_pods(admin: Person) -> None:
    assert admin.patches("workerpools", TEAM, {"spec": {"replicas": 3}}).allowed
