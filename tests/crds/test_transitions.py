"""What may change after an object was created, and what the API server answers else."""

import json

import pytest
from pydantic import JsonValue

from tests.crds.namespace import Namespace
from tests.crds.samples import AGENT_RUN, MODEL_PROVIDER
from tools.errors import ExpectedError

BARE = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: rates-1}
spec: {agentRef: {name: finance}, input: "What was the rate?"}
"""

MESSAGES = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: rates-1}
spec: {agentRef: {name: finance}, messages: [{role: user, content: [{text: "What was the rate?"}]}]}
"""

FROM = """
apiVersion: durable-agents.dev/v1alpha1
kind: AgentRun
metadata: {name: rates-1}
spec: {agentRef: {name: finance}, inputFrom: {configMapKeyRef: {name: a, key: question}}}
"""

SAID: JsonValue = {"role": "user", "content": [{"text": "And in 2024?"}]}

FROZEN = "spec.{} is frozen: create a new AgentRun"
FINISHED = "spec.ttlSecondsAfterFinished is frozen once the run is finished: delete the run instead"


@pytest.mark.parametrize(
    ("before", "change", "field"),
    [
        pytest.param(AGENT_RUN, {"agentRef": {"name": "legal"}}, "agentRef", id="agent"),
        pytest.param(AGENT_RUN, {"input": "And in 2024?"}, "input", id="input"),
        pytest.param(AGENT_RUN, {"input": None}, "input", id="input removed"),
        pytest.param(AGENT_RUN, {"input": None, "messages": [SAID]}, "messages", id="messages for input"),
        pytest.param(MESSAGES, {"messages": [SAID, SAID]}, "messages", id="message added"),
        pytest.param(FROM, {"inputFrom": {"configMapKeyRef": {"name": "b"}}}, "inputFrom", id="source"),
        pytest.param(AGENT_RUN, {"limits": {"maxTurns": 6}}, "limits", id="limit"),
        pytest.param(AGENT_RUN, {"limits": {"timeout": "600s"}}, "limits", id="limit to the same duration"),
        pytest.param(AGENT_RUN, {"limits": {"timeout": None}}, "limits", id="limit removed"),
        pytest.param(AGENT_RUN, {"limits": None}, "limits", id="limits removed"),
        pytest.param(BARE, {"limits": {"maxTurns": 6}}, "limits", id="limits added"),
        pytest.param(BARE, {"limits": {}}, "limits", id="empty limits added"),
    ],
)
def test_edit_of_a_run_is_refused(before: str, change: JsonValue, field: str, namespace: Namespace) -> None:
    namespace.create(before)
    assert FROZEN.format(field) in _refusal(namespace, change)


def test_agent_of_a_run_cannot_be_removed(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN)
    assert "spec.agentRef: Required value" in _refusal(namespace, {"agentRef": None})


def test_edit_of_everything_names_each_field(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN)
    refusal = _refusal(namespace, {"agentRef": {"name": "legal"}, "input": "?", "limits": None})
    assert all(FROZEN.format(field) in refusal for field in ("agentRef", "input", "limits"))


@pytest.mark.parametrize(
    ("before", "seconds"),
    [
        pytest.param(AGENT_RUN, 5, id="changed"),
        pytest.param(AGENT_RUN, None, id="removed"),
        pytest.param(BARE, 5, id="added"),
    ],
)
class TestTimeToLive:
    def test_may_change_while_the_run_goes(
        self, before: str, seconds: int | None, namespace: Namespace
    ) -> None:
        namespace.create(before)
        namespace.set_status("AgentRun", "rates-1", {"turns": 1})
        _patch(namespace, {"ttlSecondsAfterFinished": seconds})
        assert _shown(namespace, ".spec.ttlSecondsAfterFinished") == ("" if seconds is None else str(seconds))

    def test_may_not_change_once_the_run_is_finished(
        self, before: str, seconds: int | None, namespace: Namespace
    ) -> None:
        namespace.create(before)
        namespace.set_status("AgentRun", "rates-1", {"finished": True})
        assert FINISHED in _refusal(namespace, {"ttlSecondsAfterFinished": seconds})


def test_applying_the_same_run_again_changes_nothing(namespace: Namespace) -> None:
    namespace.kubectl("apply", "--filename=-", stdin=AGENT_RUN)
    namespace.set_status("AgentRun", "rates-1", {"finished": True})
    assert namespace.kubectl("apply", "--filename=-", stdin=AGENT_RUN).endswith("/rates-1 unchanged\n")


def test_finished_run_can_be_labelled(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN)
    namespace.set_status("AgentRun", "rates-1", {"finished": True})
    namespace.kubectl("label", "agentrun", "rates-1", "team=rates")
    assert _shown(namespace, ".metadata.labels.team") == "rates"


def test_address_of_a_provider_is_frozen(namespace: Namespace) -> None:
    namespace.create(MODEL_PROVIDER)
    with pytest.raises(ExpectedError, match=r"spec\.url is frozen: create another ModelProvider"):
        _patch(namespace, {"url": "https://example.com"}, name="modelprovider/default")


def test_key_of_a_provider_can_be_changed(namespace: Namespace) -> None:
    namespace.create(MODEL_PROVIDER)
    _patch(namespace, {"apiKeySecretRef": {"name": "rotated"}}, name="modelprovider/default")
    shown = namespace.kubectl(
        "get", "modelprovider", "default", "--output=jsonpath={.spec.apiKeySecretRef.name}"
    )
    assert shown == "rotated"


def _patch(namespace: Namespace, spec: JsonValue, *, name: str = "agentrun/rates-1") -> None:
    namespace.kubectl("patch", name, "--type=merge", f"--patch={json.dumps({'spec': spec})}")


def _refusal(namespace: Namespace, spec: JsonValue) -> str:
    with pytest.raises(ExpectedError) as refusal:
        _patch(namespace, spec)
    return str(refusal.value)


def _shown(namespace: Namespace, path: str) -> str:
    return namespace.kubectl("get", "agentrun", "rates-1", f"--output=jsonpath={{{path}}}")
