"""What may change after an object was created, and what the API server answers else."""

import json

import pytest
from pydantic import JsonValue

from tests.crds.namespace import Namespace
from tests.crds.samples import AGENT_RUN, CHAT_PROVIDER, LED_RUN, MODEL_PROVIDER
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

HURRY: dict[str, JsonValue] = {"id": "hurry", "text": "Be quick about it."}
MORE: dict[str, JsonValue] = {"id": "more", "text": "And be thorough."}
SAID: JsonValue = {"role": "user", "content": [{"text": "And in 2024?"}]}

LED = LED_RUN.replace("name: rates-2", "name: rates-1").replace(
    "{agentRunRef: {name: rates-1}", "{agentRunRef: {name: rates-0}"
)

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
        pytest.param(LED, {"continueFrom": {"fork": False}}, "continueFrom", id="fork"),
        pytest.param(LED, {"continueFrom": None}, "continueFrom", id="continuation removed"),
        pytest.param(
            BARE,
            {"continueFrom": {"agentRunRef": {"name": "rates-0"}}},
            "continueFrom",
            id="continuation added",
        ),
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


def test_deadline_for_the_start_may_be_moved(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN)
    for seconds in (30, None, 3600):
        _patch(namespace, {"startingDeadlineSeconds": seconds})
        shown = _shown(namespace, ".spec.startingDeadlineSeconds")
        assert shown == ("" if seconds is None else str(seconds))


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


class TestUserInputs:
    def test_more_can_be_said_while_the_run_goes(self, namespace: Namespace) -> None:
        namespace.create(BARE)
        _patch(namespace, {"userInputs": [HURRY]})
        namespace.set_status("AgentRun", "rates-1", {"turns": 1})
        _patch(namespace, {"userInputs": [HURRY, MORE]})
        assert _shown(namespace, ".spec.userInputs[*].id") == "hurry more"

    def test_what_was_said_is_never_taken_back(self, namespace: Namespace) -> None:
        namespace.create(BARE)
        _patch(namespace, {"userInputs": [HURRY, MORE]})
        others: list[JsonValue] = [None, [], [MORE], [MORE, {"id": "other", "text": "Slowly."}]]
        for fewer in others:
            assert "spec.userInputs can only be added to" in _refusal(namespace, {"userInputs": fewer})

    def test_what_was_said_is_not_changed(self, namespace: Namespace) -> None:
        namespace.create(BARE)
        _patch(namespace, {"userInputs": [HURRY]})
        refusal = _refusal(namespace, {"userInputs": [{**HURRY, "text": "Slowly."}]})
        assert "what was said is frozen: say more under another id" in refusal

    def test_finished_run_hears_nothing_more(self, namespace: Namespace) -> None:
        namespace.create(BARE)
        _patch(namespace, {"userInputs": [HURRY]})
        namespace.set_status("AgentRun", "rates-1", {"finished": True})
        refusal = _refusal(namespace, {"userInputs": [HURRY, MORE]})
        assert "the run is finished and hears nothing more: continue it by spec.continueFrom" in refusal

    def test_applying_again_what_was_said_changes_nothing(self, namespace: Namespace) -> None:
        namespace.create(BARE)
        _patch(namespace, {"userInputs": [HURRY]})
        namespace.set_status("AgentRun", "rates-1", {"finished": True})
        _patch(namespace, {"userInputs": [HURRY]})


@pytest.mark.parametrize(
    ("before", "after"),
    [("Stop", "Cancel"), ("Stop", "Terminate"), ("Cancel", "Terminate")],
)
def test_shutdown_goes_onwards_and_never_back(before: str, after: str, namespace: Namespace) -> None:
    namespace.create(BARE)
    _patch(namespace, {"shutdown": before})
    _patch(namespace, {"shutdown": after})
    for back in (before, None):
        assert "spec.shutdown goes from Stop to Cancel to Terminate" in _refusal(
            namespace, {"shutdown": back}
        )


def test_protocol_of_a_provider_is_frozen(namespace: Namespace) -> None:
    namespace.create(CHAT_PROVIDER)
    spec: JsonValue = {"protocol": "Mistral", "apiKeySecretRef": {"name": "mistral"}}
    with pytest.raises(ExpectedError, match=r"spec\.protocol is frozen: create another ModelProvider"):
        _patch(namespace, spec, name="modelprovider/own-server")


def test_key_may_be_taken_from_a_server_of_chat_completions_alone(namespace: Namespace) -> None:
    namespace.create(CHAT_PROVIDER)
    refs: list[JsonValue] = [{"name": "own"}, None]
    for ref in refs:
        _patch(namespace, {"apiKeySecretRef": ref}, name="modelprovider/own-server")
    namespace.create(MODEL_PROVIDER)
    with pytest.raises(ExpectedError, match="apiKeySecretRef is required with protocol Mistral"):
        _patch(namespace, {"apiKeySecretRef": None}, name="modelprovider/default")


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
