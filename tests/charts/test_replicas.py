"""How many operators there are, and what that takes."""

from tests.charts.helm import OPERATOR, PLAIN, Helm, Values, container_of, each_set, of_kind


@each_set
def test_operator_has_a_replica_that_stands_by_and_a_budget_that_leaves_one(
    values: Values, helm: Helm
) -> None:
    manifests = helm.render(values)
    spec = of_kind(manifests, "Deployment")[OPERATOR]["spec"]
    assert (spec["replicas"], spec["strategy"]["rollingUpdate"]) == (2, {"maxSurge": 1, "maxUnavailable": 0})
    budget = of_kind(manifests, "PodDisruptionBudget")[OPERATOR]["spec"]
    assert (budget["maxUnavailable"], budget["selector"]) == (1, spec["selector"])
    for constraint in spec["template"]["spec"]["topologySpreadConstraints"]:
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
        assert constraint["labelSelector"] == spec["selector"]


def test_replicas_are_told_apart_by_the_names_of_their_pods(helm: Helm) -> None:
    container = container_of(of_kind(helm.render(PLAIN), "Deployment")[OPERATOR])
    identity = {
        "name": "DURABLE_AGENTS_IDENTITY",
        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
    }
    assert identity in container["env"]


def test_a_single_operator_holds_up_no_drain(helm: Helm) -> None:
    manifests = helm.render({**PLAIN, "operator": {"replicas": 1}})
    assert of_kind(manifests, "Deployment")[OPERATOR]["spec"]["replicas"] == 1
    assert not of_kind(manifests, "PodDisruptionBudget")


def test_lease_is_the_operators_own_namespaces(helm: Helm) -> None:
    for name, role in of_kind(helm.render(PLAIN), "Role").items():
        leases = [rule["verbs"] for rule in role["rules"] if "leases" in rule["resources"]]
        assert leases == ([["get", "create", "patch"]] if name == f"{OPERATOR}-own" else [])
    for role in of_kind(helm.render(PLAIN), "ClusterRole").values():
        assert "leases" not in str(role["rules"])
