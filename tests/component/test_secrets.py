"""API keys stay in Secrets and in the processes that use them."""

import base64

from agents_crds.v1alpha1 import ModelProvider
from tests.component.platform import Operator, Platform
from tests.component.tenant import NewTenant, Tenant
from tests.user import condition
from tools.local.processes import Processes
from tools.local.services import STANDIN_KEY

WRONG = "wrong-key-5f1d0c7a93be4462"
RIGHT = "right-key-c2807be6a14f4d39"
ALL_BUT_SECRETS = "agents,agentruns,modelproviders,workerpools,deployments,events,configmaps"


def test_no_key_is_seen_outside_its_secret(
    platform: Platform, processes: Processes, operator: Operator, new_tenant: NewTenant
) -> None:
    # The usual key stays good for the namespaces of other tests, which may still be going away.
    platform.standin.set_keys([RIGHT, STANDIN_KEY])
    tenant = new_tenant(key=WRONG)
    tenant.wait("modelprovider/default", "Ready=False")
    assert condition(tenant.get(ModelProvider, "default"), "Ready").reason == "ProviderUnauthorized"
    tenant.apply_agent("reader")
    tenant.apply_run("reading", "reader")
    tenant.wait_for_reason("reading", "AgentNotReady")
    tenant.set_key(RIGHT)
    tenant.wait("agentrun/reading", "Succeeded")
    refused_in_the_middle(platform, tenant)
    seen = everything(platform, processes, operator, tenant)
    # Each place was really looked at: all of them speak of the tenant or of what it ran.
    assert b"name: reading" in seen["objects"]
    assert b"meter 'north-7'" in seen["histories"]
    assert tenant.namespace.encode() in seen["operator's log"]
    assert seen["workers' logs"]
    found = [(place, key) for place, content in seen.items() for key in forms() if key in content]
    assert found == []


def refused_in_the_middle(platform: Platform, tenant: Tenant) -> None:
    """Let workers meet a refused key too, and the run succeed all the same."""
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("refused", "reader")
    platform.standin.wait_until_held(hold)
    # The call that waits was let in; the next one is refused.
    platform.standin.set_keys([STANDIN_KEY])
    platform.standin.release(hold)
    tenant.wait("modelprovider/default", "Ready=False")
    platform.standin.set_keys([RIGHT, STANDIN_KEY])
    tenant.wait("agentrun/refused", "Succeeded")


def everything(
    platform: Platform, processes: Processes, operator: Operator, tenant: Tenant
) -> dict[str, bytes]:
    """Read all that can be observed of a tenant."""
    logs = (platform.directory / "logs" / "workers" / tenant.namespace).rglob("*.log")
    return {
        "objects": tenant.kubectl("get", ALL_BUT_SECRETS, "--output=yaml").encode(),
        "histories": platform.histories(tenant.namespace),
        "operator's log": operator.log.encode(),
        "workers' logs": b"".join(log.read_bytes() for log in logs),
        "local runner's log": processes.log("pods").read_bytes(),
        "stand-in's log": processes.log("standin").read_bytes(),
    }


def forms() -> tuple[bytes, ...]:
    """Both keys, plain and as Secrets show them."""
    plain = (WRONG.encode(), RIGHT.encode())
    return (*plain, *(base64.b64encode(key) for key in plain))
