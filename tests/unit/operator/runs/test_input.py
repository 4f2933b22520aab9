from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.transcript import ImagePart, InputMessage, TextPart
from agents_crds.v1alpha1 import ConditionType, Reason
from agents_operator.errors import Waiting
from agents_operator.kubernetes.configmaps import ConfigMapReader
from agents_operator.runs.input import INPUT_LIMIT, LATEST_LOOK, LOOK_AGAIN, Opening, pause, read_opening
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tests.unit.operator.objects import NOW, Manifest, run

FROM: Manifest = {"input": None, "inputFrom": {"configMapKeyRef": {"name": "questions", "key": "first"}}}
IMAGE = "https://example.com/meter.png"


async def test_own_text_and_messages_cost_no_read() -> None:
    messages: Manifest = {
        "input": None,
        "messages": [
            {"content": [{"text": "What does it read?"}, {"imageUrl": IMAGE}]},
            {"role": "assistant", "content": [{"text": "A moment."}]},
        ],
    }
    async with ScriptedServer() as server:
        configmaps = ConfigMapReader(server.api)
        assert await read_opening(run(spec={"input": "4 %?"}), configmaps, now=NOW) == Opening(text="4 %?")
        assert await read_opening(run(spec=messages), configmaps, now=NOW) == Opening(
            messages=(
                InputMessage(
                    role="user", content=(TextPart(text="What does it read?"), ImagePart(url=IMAGE))
                ),
                InputMessage(role="assistant", content=(TextPart(text="A moment."),)),
            )
        )
        assert server.requests == []


async def test_text_from_a_configmap_costs_one_read() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {"data": {"first": "What is\nthe rate?"}})
        opening = await read_opening(run(spec=FROM), ConfigMapReader(server.api), now=NOW)
        assert server.asked[0].path == "/api/v1/namespaces/team/configmaps/questions"
        assert len(server.asked) == 1
    assert opening == Opening(text="What is\nthe rate?")


QUESTIONS = "ConfigMap questions in namespace team"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        pytest.param(404, failure("not found", {"name": "it"}), f"there is no {QUESTIONS}", id="missing"),
        pytest.param(
            403,
            failure("forbidden", {"name": "it"}),
            f"the operator may not read {QUESTIONS}: its role needs get on configmaps there",
            id="forbidden",
        ),
        pytest.param(
            200, {}, f"{QUESTIONS} has no text under key first, nor under any other", id="without a key"
        ),
        pytest.param(
            200,
            {"data": {"second": "x", "fist": "x"}},
            f"{QUESTIONS} has no text under key first, but under fist, second",
            id="without the key",
        ),
        pytest.param(
            200, {"data": {"first": " \n"}}, f"key first of {QUESTIONS} is empty", id="nothing to say"
        ),
        pytest.param(
            200,
            {"data": {"first": "€" * (INPUT_LIMIT // 3 + 1)}},
            f"key first of ConfigMap questions has {INPUT_LIMIT + 1} bytes, "
            f"and a run takes {INPUT_LIMIT} at most: shorten it",
            id="too large",
        ),
    ],
)
async def test_run_waits_for_a_text_that_can_be_used_and_says_why(
    status: int, body: JsonValue, message: str
) -> None:
    async with ScriptedServer() as server:
        server.will_answer(status, body)
        with pytest.raises(Waiting) as waiting:
            await read_opening(run(spec=FROM), ConfigMapReader(server.api), now=NOW)
    assert waiting.value.message == f"spec.inputFrom: {message}"
    assert waiting.value.reason is Reason.CONFIG_MAP_NOT_FOUND
    assert (waiting.value.condition, waiting.value.after) == (ConditionType.SUCCEEDED, LOOK_AGAIN)
    assert not waiting.value.expected


def test_run_that_has_waited_for_long_is_looked_at_less_often() -> None:
    created = run(creationTimestamp="2026-03-01T12:00:30Z")
    pauses = [pause(created, now=NOW + timedelta(minutes=minutes)) for minutes in (0, 1, 6, 600)]
    assert pauses == [LOOK_AGAIN, LOOK_AGAIN, timedelta(minutes=1), LATEST_LOOK]
