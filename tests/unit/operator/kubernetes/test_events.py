import logging
import re

import pytest
from pydantic import BaseModel, JsonValue

from agents_crds.v1alpha1 import AgentRun, Reason
from agents_operator.kubernetes.errors import ApiServerError
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENT_RUNS
from tests.unit.operator.kubernetes.scripted import Asked, ScriptedServer, failure
from tests.unit.operator.objects import run

EXISTS = failure('events.events.k8s.io "rates-1.0" already exists', {"name": "rates-1.0"})
TERMINATING = failure("unable to create new content in namespace team because it is being terminated")
PATH = "/apis/events.k8s.io/v1/namespaces/team/events"
DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class Meta(BaseModel):
    name: str


class Posted(BaseModel):
    """An Event as it was sent, as far as the tests read it."""

    metadata: Meta
    reason: str
    note: str
    type: str
    action: str
    regarding: dict[str, str]


class Counted(BaseModel):
    series: dict[str, JsonValue]


async def post(
    server: ScriptedServer, about: AgentRun, note: str = "no agent", reason: Reason = Reason.AGENT_NOT_FOUND
) -> None:
    events = Events(server.api, "operator-1", logging.getLogger("test"))
    await events.post(AGENT_RUNS, about, "Warning", reason, note, action="Reconcile")


def sent(asked: Asked) -> Posted:
    return Posted.model_validate(asked.body)


async def name_of(about: AgentRun, note: str = "no agent", reason: Reason = Reason.AGENT_NOT_FOUND) -> str:
    async with ScriptedServer() as server:
        server.will_answer(201, {})
        await post(server, about, note, reason)
        return sent(server.asked[0]).metadata.name


async def test_event_says_what_happened_to_whom() -> None:
    async with ScriptedServer() as server:
        server.will_answer(201, {})
        await post(server, run(uid="u-1"))
        (asked,) = server.asked
    posted = sent(asked)
    assert (asked.method, asked.path) == ("POST", PATH)
    assert (posted.type, posted.reason, posted.note) == ("Warning", "AgentNotFound", "no agent")
    assert posted.regarding == {
        "apiVersion": "durable-agents.dev/v1alpha1",
        "kind": "AgentRun",
        "name": "rates-1",
        "namespace": "team",
        "uid": "u-1",
    }


async def test_same_event_has_the_same_name_and_any_other_has_another() -> None:
    names = [
        await name_of(run(uid="u-1")),
        await name_of(run(uid="u-2")),
        await name_of(run(uid="u-1"), note="another note"),
        await name_of(run(uid="u-1"), reason=Reason.AGENT_NOT_READY),
    ]
    assert len(set(names)) == len(names)
    assert await name_of(run(uid="u-1", resourceVersion="9", generation=9)) == names[0]


@pytest.mark.parametrize("name", ["rates-1", "a.b", "r" * 63])
async def test_name_begins_with_the_object_s_and_is_valid(name: str) -> None:
    made = await name_of(run(name))
    assert made.startswith(f"{name}.")
    assert DNS_SUBDOMAIN.fullmatch(made)
    assert len(made) <= 253


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1024),
        ("€" * 400, "€" * 341),
        ("x" * 1023 + "…", "x" * 1023),
    ],
)
async def test_note_is_cut_to_1024_bytes_between_characters(note: str, kept: str) -> None:
    async with ScriptedServer() as server:
        server.will_answer(201, {})
        await post(server, run(), note)
        assert sent(server.asked[0]).note == kept


async def test_different_notes_that_begin_alike_are_different_events() -> None:
    assert await name_of(run(), note="x" * 2000 + "a") != await name_of(run(), note="x" * 2000 + "b")


@pytest.mark.parametrize(("known", "count"), [({}, 2), ({"series": {"count": 7}}, 8)])
async def test_event_that_happens_again_is_counted_up(known: JsonValue, count: int) -> None:
    async with ScriptedServer() as server:
        server.will_answer(409, EXISTS)
        server.will_answer(200, known)
        server.will_answer(200, {})
        await post(server, run())
        first, read, counted = server.asked
    name = sent(first).metadata.name
    assert [f"{asked.method} {asked.path}" for asked in (read, counted)] == [
        f"GET {PATH}/{name}",
        f"PATCH {PATH}/{name}",
    ]
    assert Counted.model_validate(counted.body).series["count"] == count


@pytest.mark.parametrize("status", [400, 403, 404, 422])
async def test_event_that_is_refused_is_logged(status: int, caplog: pytest.LogCaptureFixture) -> None:
    async with ScriptedServer() as server:
        server.will_answer(status, TERMINATING)
        await post(server, run())
    assert "team/rates-1: AgentNotFound: no agent" in caplog.text


async def test_event_that_expires_while_it_is_counted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with ScriptedServer() as server:
        server.will_answer(409, EXISTS)
        server.will_answer(404, failure("not found", {"name": "rates-1.0"}))
        await post(server, run())
    assert "team/rates-1: AgentNotFound: no agent" in caplog.text


async def test_server_that_cannot_do_it_is_an_error() -> None:
    async with ScriptedServer() as server:
        server.will_answer(500, failure("etcdserver: no leader"))
        with pytest.raises(ApiServerError):
            await post(server, run())
