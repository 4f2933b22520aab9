"""Runs that wait for a person, that go on with one another, and that need no agents API, by the examples."""

import json

from agents_crds.v1alpha1 import AgentRun
from tests.e2e.installation import NAMESPACE, OPERATOR, STANDIN_URL, Installation
from tests.e2e.tenant import PATIENCE, Tenant
from tests.user import eventually
from tools.local.services import STANDIN_KEY
from tools.parts.catalog import ROOT

EXAMPLES = ROOT / "examples"
ANSWER = EXAMPLES / "ask-user" / "answer" / "patch.yaml"


def test_run_that_asks_waits_without_a_worker_and_goes_on_when_spoken_to(
    installation: Installation, tenant: Tenant
) -> None:
    tenant.kubectl("apply", f"--filename={EXAMPLES / 'ask-user'}")
    tenant.wait("agentrun/ask-user-1", "InputRequired", timeout=PATIENCE)
    scale(tenant, 0)
    eventually(
        lambda: tenant.kubectl("get", "pods", "--output=name"), lambda pods: not pods, timeout=PATIENCE
    )
    tenant.kubectl("patch", "agentrun/ask-user-1", "--type=merge", f"--patch-file={ANSWER}")
    eventually(
        lambda: [said.state for said in tenant.get(AgentRun, "ask-user-1").status.user_inputs],
        lambda states: states == ["Sent"],
    )
    scale(tenant, 1)
    tenant.succeeded("ask-user-1")
    assert "In Bern, on Sunday morning." in answer(tenant, "ask-user-1")
    assert [said.state for said in tenant.get(AgentRun, "ask-user-1").status.user_inputs] == ["Told"]
    told = in_operator(installation, "agents_operator.follow", tenant.namespace, "ask-user-1", "--json")
    kinds = [json.loads(line)["type"] for line in told.splitlines()]
    assert (kinds[0], kinds[-1]) == ("began", "ended")
    assert "heard" in kinds
    printed = in_operator(installation, "agents_operator.result", tenant.namespace, "ask-user-1")
    assert printed.strip() == answer(tenant, "ask-user-1").strip()


def test_runs_go_on_with_one_another_and_branch_off(tenant: Tenant) -> None:
    tenant.kubectl("apply", f"--filename={EXAMPLES / 'conversation'}")
    for number in (1, 2, 3):
        tenant.succeeded(f"conversation-{number}")
    first, second, branch = (
        tenant.get(AgentRun, f"conversation-{number}").status.conversation_id for number in (1, 2, 3)
    )
    assert first == second != branch
    assert len(tenant.conversations()) == 2


def test_local_session_needs_no_more_than_chat_completions(tenant: Tenant) -> None:
    tenant.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "own-server"},
            "stringData": {"api-key": STANDIN_KEY},
        }
    )
    manifests = "\n---\n".join(path.read_text() for path in sorted((EXAMPLES / "local").glob("*.yaml")))
    written = manifests.replace("http://vllm.models:8000/v1", f"{STANDIN_URL}/openai/v1")
    tenant.kubectl("apply", "--filename=-", stdin=written)
    tenant.succeeded("local-1")
    assert "get_interest_rate" in answer(tenant, "local-1")
    assert tenant.get(AgentRun, "local-1").status.path == ("local-desk", "local-rates")
    assert not tenant.remote_agents()
    assert not tenant.conversations()


def scale(tenant: Tenant, replicas: int) -> None:
    """Say how many workers the pool has."""
    patch = json.dumps({"spec": {"replicas": replicas}})
    tenant.kubectl("patch", "workerpool/default", "--type=merge", f"--patch={patch}")


def answer(tenant: Tenant, run: str) -> str:
    """Return a finished run's answer."""
    output = tenant.get(AgentRun, run).status.output
    assert output is not None
    return output.text


def in_operator(installation: Installation, module: str, *arguments: str) -> str:
    """Run a command as the documentation says, in the operator's pod."""
    return installation.cluster.kubectl(
        f"--namespace={NAMESPACE}", "exec", f"deploy/{OPERATOR}", "--", "python", "-m", module, *arguments
    )
