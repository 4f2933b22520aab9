"""The status: whatever the models can say can be stored, and it is written apart from the rest."""

import json

from hypothesis import given, reject, settings
from pydantic import JsonValue, ValidationError

from agents_crds.generate.manifest import Kind
from agents_crds.v1alpha1 import StoredObject
from tests.crds.apiserver import ApiServer
from tests.crds.generation import REPRODUCIBLE, fitting
from tests.crds.namespace import Namespace
from tests.crds.samples import AGENT_RUN, every_kind, sample
from tests.crds.schema import schema_of

SUCCEEDED: dict[str, JsonValue] = {
    "finished": True,
    "conditions": [
        {
            "type": "Succeeded",
            "status": "True",
            "reason": "Succeeded",
            "message": "The agent gave a final answer.",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}


@every_kind
def test_every_status_of_the_model_is_stored_as_it_is(
    kind: Kind, api: ApiServer, namespace: Namespace
) -> None:
    answer = api.create(kind, sample(kind), namespace=namespace.name, dry_run=False)
    stored = _parsed(kind, answer.content)

    @settings(REPRODUCIBLE, max_examples=100)
    @given(fitting(schema_of(kind).properties["status"]))
    def stored_as_it_is(status: JsonValue) -> None:
        try:
            written = kind.model.model_validate({**stored.manifest(), "status": status})
        except ValidationError:
            reject()  # the schema allows what no model says, such as a duration of 200000 hours
        assert isinstance(written, StoredObject)
        changed = api.write_status(
            kind, stored.metadata.name, written.status.manifest(), namespace=namespace.name, dry_run=True
        )
        assert changed.accepted, changed.content.decode()
        assert _parsed(kind, changed.content).status == written.status

    stored_as_it_is()


def test_update_of_the_spec_leaves_the_status(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN)
    namespace.set_status("AgentRun", "rates-1", SUCCEEDED)
    namespace.kubectl("patch", "arun", "rates-1", "--type=merge", _patch({"status": {"finished": False}}))
    assert namespace.kubectl("get", "arun", "rates-1", "--output=jsonpath={.status.finished}") == "true"


def test_update_of_the_status_leaves_the_spec(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN)
    change: JsonValue = {"spec": {"ttlSecondsAfterFinished": 1}, "metadata": {"labels": {"a": "b"}}}
    namespace.kubectl("patch", "arun", "rates-1", "--subresource=status", "--type=merge", _patch(change))
    shown = "--output=jsonpath={.spec.ttlSecondsAfterFinished} {.metadata.labels}"
    assert namespace.kubectl("get", "arun", "rates-1", shown) == "86400 "


def test_new_object_has_no_status_of_its_author(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN + "status: {finished: true}")
    assert namespace.kubectl("get", "arun", "rates-1", "--output=jsonpath={.status.finished}") == ""


def test_new_object_says_that_the_operator_has_not_seen_it(namespace: Namespace) -> None:
    namespace.create(AGENT_RUN)
    reason = namespace.kubectl("get", "arun", "rates-1", "--output=jsonpath={.status.conditions[0].reason}")
    assert reason == "Pending"


def _parsed(kind: Kind, content: bytes) -> StoredObject:
    parsed = kind.model.model_validate_json(content)
    assert isinstance(parsed, StoredObject)
    return parsed


def _patch(change: JsonValue) -> str:
    return f"--patch={json.dumps(change)}"
