"""Conversations of which no AgentRun is left."""

import base64
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pydantic import JsonValue

from agents_crds.contract.names import INSTALLATION_KEY, NAMESPACE_KEY, RETENTION_KEY, WORKFLOW_KEY
from agents_operator.conversations import ConversationSweep
from agents_operator.engine.served import Namespaces
from agents_operator.engine.world import World
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mistral import MistralConnections
from agents_operator.providers import ProviderAccess
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith
from tests.unit.operator.conversations.account import INSTALLATION, converse, marks
from tests.unit.operator.engine.woken import Watched, see
from tests.unit.operator.hand import KEY
from tests.unit.operator.kubernetes.scripted import GONE, ScriptedServer, failure
from tests.unit.operator.objects import Manifest, provider, run

SECRET: JsonValue = {"data": {"api-key": base64.b64encode(KEY.encode()).decode()}}
LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


def runs(*manifests: JsonValue, more: str = "") -> JsonValue:
    return {"metadata": {"continue": more}, "items": list(manifests)}


def of(uid: str, conversation: str | None = None, *, name: str = "rates-1") -> Manifest:
    status: Manifest = {} if conversation is None else {"conversationId": conversation}
    return run(name, status=status, uid=uid).manifest()


class Scene:
    """A sweep over one account."""

    def __init__(self, server: ScriptedServer, http: httpx2.AsyncClient, standin: StandIn) -> None:
        self.server, self.standin = server, standin
        self._http = http
        self.open_workflows: set[str] = set()

    async def swept(
        self, *known: Watched, now: datetime = LATER, namespaces: Namespaces = lambda: (None,)
    ) -> set[str]:
        """Do it, and return the conversations that are left."""
        world = World()
        for stored in (provider(spec={"url": self.standin.url}), *known):
            see(world, stored)
        access = ProviderAccess(
            world,
            Secrets(self.server.api),
            MistralConnections(self._http),
            retry_interval=timedelta(seconds=1),
        )

        async def is_open(_: str, workflow_id: str) -> bool:
            return workflow_id in self.open_workflows

        await ConversationSweep(
            world,
            self.server.api,
            access,
            is_open,
            namespaces,
            installation=INSTALLATION,
            settled=timedelta(minutes=10),
            now=lambda: now,
            logger=logging.getLogger("test"),
        ).sweep()
        return {conversation.id for conversation in self.standin.conversations()}


@pytest.fixture
def scene(server: ScriptedServer, http: httpx2.AsyncClient, standin: StandIn) -> Scene:
    server.will_answer(200, SECRET)
    return Scene(server, http, standin)


async def test_a_conversation_goes_with_the_last_run_that_took_part_in_it(scene: Scene) -> None:
    converse(scene.standin, marks())
    scene.server.will_answer(200, runs(of("u-2", "conv_other", name="rates-2")))
    scene.server.will_answer(404, GONE)
    assert await scene.swept() == set()
    assert scene.server.requests == ["GET mistral", "GET agentruns", "GET rates-1"]


async def test_a_conversation_stays_with_the_run_that_made_it(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    scene.server.will_answer(200, runs(of("u-1")))
    assert await scene.swept() == {made}


async def test_a_conversation_stays_with_a_run_that_went_on_with_it(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    scene.server.will_answer(200, runs(of("u-2", made, name="rates-2")))
    assert await scene.swept() == {made}


async def test_a_run_of_the_same_name_is_another_run(scene: Scene) -> None:
    converse(scene.standin, marks())
    scene.server.will_answer(200, runs())
    scene.server.will_answer(200, of("u-9"))
    assert await scene.swept() == set()


async def test_a_run_that_came_after_the_list_keeps_its_conversation(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    scene.server.will_answer(200, runs())
    scene.server.will_answer(200, of("u-1"))
    assert await scene.swept() == {made}


async def test_a_run_that_has_just_gone_on_with_a_conversation_keeps_it(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    scene.server.will_answer(200, runs())
    going = run("rates-2", status={"workflowId": "inst/team/u-2", "conversationId": made})
    assert await scene.swept(going) == {made}


@pytest.mark.parametrize(
    ("namespace", "stays"), [("team", True), ("other", False)], ids=["of its namespace", "of another one"]
)
async def test_a_run_that_goes_may_still_have_to_branch_off(
    scene: Scene, namespace: str, *, stays: bool
) -> None:
    made = converse(scene.standin, marks())
    scene.server.will_answer(200, runs())
    scene.server.will_answer(404, GONE)
    spec: Manifest = {"continueFrom": {"agentRunRef": {"name": "rates-1"}, "fork": True}}
    branch = run("rates-2", spec, {"workflowId": "inst/team/u-2"}, namespace=namespace)
    assert await scene.swept(branch) == ({made} if stays else set())


@pytest.mark.parametrize(
    "metadata",
    [
        marks(**{RETENTION_KEY: "Retain"}),
        marks(**{INSTALLATION_KEY: "another"}),
        {key: value for key, value in marks().items() if key != NAMESPACE_KEY},
        {key: value for key, value in marks().items() if key != RETENTION_KEY},
        {},
    ],
    ids=["to be retained", "of another installation", "of no namespace", "of an earlier release", "theirs"],
)
async def test_what_is_not_to_be_deleted_is_not_even_asked_about(
    scene: Scene, metadata: dict[str, str]
) -> None:
    made = converse(scene.standin, metadata)
    assert await scene.swept() == {made}
    assert scene.server.requests == ["GET mistral"]


async def test_a_young_conversation_stays(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    assert await scene.swept(now=datetime.now(UTC)) == {made}


async def test_namespaces_that_are_not_served_are_left_alone(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    assert await scene.swept(namespaces=lambda: ("another",)) == {made}


@pytest.mark.parametrize("pages", [0, 1], ids=["no list", "a part of the list"])
async def test_nothing_is_deleted_after_a_list_that_failed(scene: Scene, pages: int) -> None:
    made = converse(scene.standin, marks())
    for _ in range(pages):
        scene.server.will_answer(200, runs(more="token"))
    scene.server.will_answer(500, failure("etcd"))
    assert await scene.swept() == {made}


async def test_nothing_is_deleted_when_the_last_look_fails(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    scene.server.will_answer(200, runs())
    scene.server.will_answer(500, failure("etcd"))
    assert await scene.swept() == {made}


async def test_what_another_release_stored_in_a_run_does_not_hide_it(scene: Scene) -> None:
    made = converse(scene.standin, marks())
    odd = of("u-2", made, name="rates-2") | {"spec": {"agentRef": "finance", "later": True}}
    scene.server.will_answer(200, runs(odd))
    assert await scene.swept() == {made}


async def test_the_conversation_of_a_users_own_workflow_goes_when_that_is_closed(scene: Scene) -> None:
    going, closed = (
        converse(scene.standin, marks(uid=workflow, **{WORKFLOW_KEY: workflow}))
        for workflow in ("inst/team/loops/1", "inst/team/loops/2")
    )
    scene.open_workflows.add("inst/team/loops/1")
    assert await scene.swept() == {going}
    assert closed != going


async def test_one_account_is_looked_through_once_for_all_its_providers(scene: Scene) -> None:
    converse(scene.standin, marks())
    scene.server.will_answer(200, runs())
    scene.server.will_answer(404, GONE)
    scene.server.will_answer(200, SECRET)
    twin = provider("twin", {"url": scene.standin.url})
    assert await scene.swept(twin) == set()
    assert scene.standin.counters().requests["GET /v1/conversations"] == 1


async def test_an_account_that_cannot_be_opened_does_not_keep_the_others(
    http: httpx2.AsyncClient, standin: StandIn, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    converse(standin, marks())
    server.will_answer(404, GONE)
    server.will_answer(200, SECRET)
    server.will_answer(200, runs())
    server.will_answer(404, GONE)
    twin = provider("twin", {"url": standin.url})
    assert await Scene(server, http, standin).swept(twin) == set()
    assert "modelprovider team/default: conversations that nobody uses stay for now" in caplog.text


async def test_a_provider_that_is_away_keeps_its_conversations(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    made = converse(scene.standin, marks())
    scene.standin.fail("GET", "/v1/conversations", AnswerWith(status=503))
    assert await scene.swept() == {made}
    assert "answered 503" in caplog.text


async def test_chat_completions_have_no_conversations(scene: Scene) -> None:
    spec: Manifest = {"protocol": "ChatCompletions", "url": "http://own:8000/v1"}
    converse(scene.standin, marks())
    scene.server.will_answer(200, runs())
    scene.server.will_answer(404, GONE)
    assert await scene.swept(provider("own", spec)) == set()
