"""Secrets stay in Secrets and in the processes that use them; `evidence` looks for those of all tests."""

import base64

from agents_crds.v1alpha1 import ModelProvider
from tests.component.evidence import Evidence, everything_said
from tests.component.platform import Operator, Platform
from tests.component.tenant import NewTenant, Tenant
from tests.user import condition
from tools.local.processes import Processes
from tools.local.services import STANDIN_KEY

WRONG = "wrong-key-5f1d0c7a93be4462"
RIGHT = "right-key-c2807be6a14f4d39"


def test_no_refused_key_is_seen_outside_its_secret(
    platform: Platform, processes: Processes, operator: Operator, new_tenant: NewTenant, evidence: Evidence
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
    evidence.take(tenant)
    said = everything_said(platform, processes, operator)
    # Each place was really looked at.
    assert {WRONG, RIGHT} <= evidence.secrets
    assert b"name: reading" in evidence.objects[tenant.namespace]
    assert all(b"meter 'north-7'" in said[place] for place in ("histories", "stand-in's conversations"))
    assert tenant.namespace.encode() in said["operator's log"]
    assert evidence.leaks(said) == []


def test_secret_that_is_seen_somewhere_is_found() -> None:
    evidence = Evidence()
    evidence.secrets.add(RIGHT)
    evidence.objects["team"] = b"key: " + base64.b64encode(RIGHT.encode())
    assert evidence.leaks({"log": f"sent {RIGHT}".encode(), "other log": b"sent"}) == [
        ("log", RIGHT),
        ("objects of team", RIGHT),
    ]


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
