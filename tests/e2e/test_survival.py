"""What a cluster does to pods: runs go on, and nothing that was recorded is done again."""

import pytest

from tests.e2e.installation import NAMESPACE, OPERATOR, TEMPORAL, Installation
from tests.e2e.tenant import NewTenant, Tenant, half_way
from tests.standin.control import APPEND, StandIn
from tools.local.services import STANDIN_KEY

RETIRED = "retired-key-b1946ac92492d234"
FRESH = "fresh-key-7c6a180b36896a0a"


@pytest.mark.smoke
def test_operator_killed_in_the_middle_of_a_run(
    installation: Installation, standin: StandIn, tenant: Tenant
) -> None:
    hold = half_way(standin, tenant, "tough")
    installation.kill(OPERATOR)
    standin.release(hold)
    tenant.succeeded("tough")
    tenant.assert_done_once()


def test_leader_of_the_operator_killed_in_the_middle_of_a_run(
    installation: Installation, standin: StandIn, tenant: Tenant
) -> None:
    hold = half_way(standin, tenant, "tough")
    killed = installation.kill_leader()
    standin.release(hold)
    # The other replica hears of its outcome, whoever leads.
    tenant.succeeded("tough")
    tenant.assert_done_once()
    tenant.apply_run("next")
    tenant.succeeded("next")
    assert installation.leader() not in {"", killed}


def test_temporal_killed_in_the_middle_of_a_run(
    installation: Installation, standin: StandIn, tenant: Tenant
) -> None:
    hold = half_way(standin, tenant, "tough")
    installation.kill(TEMPORAL)
    standin.release(hold)
    installation.wait_available(TEMPORAL)
    tenant.succeeded("tough")
    tenant.assert_done_once()


def test_every_pod_of_ours_evicted_in_the_middle_of_a_run(
    installation: Installation, standin: StandIn, tenant: Tenant
) -> None:
    half_way(standin, tenant, "tough")
    installation.evict_pods(NAMESPACE)
    installation.evict_pods(tenant.namespace)
    # The stand-in that held the request is among them: the request has no answer, and must be made again.
    tenant.succeeded("tough")
    tenant.assert_done_once()


def test_key_rotated_while_runs_go(standin: StandIn, new_tenant: NewTenant) -> None:
    standin.set_keys([STANDIN_KEY, RETIRED])
    tenant = new_tenant(key=RETIRED)
    tenant.ready_agent()
    hold = standin.hold("POST", APPEND, times=3)
    for number in range(3):
        tenant.apply_run(f"rotated-{number}")
    standin.wait_until_held(hold, at_least=3)
    standin.set_keys([STANDIN_KEY, FRESH])
    tenant.set_key(FRESH)
    standin.release(hold)
    for number in range(3):
        tenant.succeeded(f"rotated-{number}")
