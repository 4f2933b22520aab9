"""What a run goes on with, and who comes first."""

from collections.abc import Awaitable, Callable

import pytest
from pydantic import JsonValue

from agents_crds.contract.run import Continuation
from agents_crds.v1alpha1 import AgentRun, ConditionType, Reason
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.runs.continued import Continuations, continuation, holding
from agents_operator.runs.input import Opening
from agents_operator.runs.plan import Finish, new_workflow
from agents_operator.runs.snapshot import Snapshot, take_snapshot
from tests.unit.operator.kubernetes.scripted import GONE, ScriptedServer
from tests.unit.operator.objects import NOW, Manifest, run
from tests.unit.operator.runs.worlds import INSTALLATION, ready_world

ENDED: Manifest = {
    "finished": True,
    "workflowId": "inst/team/agentrun-first",
    "agent": {"id": "ag_1", "version": 2},
    "conversationId": "conv_1",
    "answeredBy": "rates",
}


def first(**status: JsonValue) -> AgentRun:
    return run("first", status=ENDED | status)


def following(
    name: str = "second",
    of: str = "first",
    *,
    fork: bool = False,
    status: Manifest | None = None,
    **metadata: JsonValue,
) -> AgentRun:
    spec: Manifest = {"continueFrom": {"agentRunRef": {"name": of}, "fork": fork}}
    since: Manifest = {"creationTimestamp": "2026-03-01T11:00:00Z"}
    return run(name, spec, status, **(since | metadata))


def snapshot_of(follower: AgentRun, world: World | None = None) -> Snapshot:
    return take_snapshot(follower, world or ready_world(), installation=INSTALLATION)


def found(earlier: AgentRun | None, follower: AgentRun | None = None) -> Continuation | Finish:
    follower = follower or following()
    wanted = follower.spec.continue_from
    assert wanted is not None
    return continuation(follower, wanted, earlier, snapshot_of(follower), now=NOW)


@pytest.mark.parametrize("fork", [False, True])
def test_a_run_goes_on_where_the_other_ended(*, fork: bool) -> None:
    assert found(first(), following(fork=fork)) == Continuation(
        workflow_id="inst/team/agentrun-first", conversation_id="conv_1", agent="rates", fork=fork
    )


@pytest.mark.parametrize(
    ("earlier", "reason", "words"),
    [
        (None, Reason.CONVERSATION_NOT_FOUND, "there is no AgentRun first"),
        (run("first"), Reason.CONVERSATION_BUSY, "AgentRun first has not finished"),
        (first(finished=False), Reason.CONVERSATION_BUSY, "AgentRun first has not finished"),
    ],
    ids=["not there", "not started", "going"],
)
def test_a_run_waits_for_the_one_that_it_continues(
    earlier: AgentRun | None, reason: Reason, words: str
) -> None:
    with pytest.raises(Waiting) as waits:
        found(earlier)
    assert waits.value.reason is reason
    assert waits.value.condition is ConditionType.SUCCEEDED
    assert words in waits.value.message


@pytest.mark.parametrize(
    ("earlier", "reason", "words"),
    [
        (
            run("first", {"agentRef": {"name": "sales"}}, ENDED),
            Reason.AGENT_MISMATCH,
            "AgentRun first is of Agent sales, and this one of finance",
        ),
        (first(agent={"id": "ag_0", "version": 2}), Reason.AGENT_MISMATCH, "was made anew at its provider"),
        (first(conversationId=None), Reason.CONVERSATION_NOT_FOUND, "ended without a conversation"),
        (
            run("first", status={"finished": True}),
            Reason.CONVERSATION_NOT_FOUND,
            "ended without a conversation",
        ),
    ],
    ids=["of another Agent", "made anew", "no conversation", "never started"],
)
def test_what_can_never_be_gone_on_with_ends_the_run(earlier: AgentRun, reason: Reason, words: str) -> None:
    ends = found(earlier)
    assert isinstance(ends, Finish)
    assert ends.reason is reason
    assert words in ends.message


def test_the_workflow_and_its_memo_say_what_is_gone_on_with() -> None:
    for fork, remembered in ((False, "conv_1"), (True, None)):
        follower = following(fork=fork)
        continues = found(first(), follower)
        assert isinstance(continues, Continuation)
        new = new_workflow(
            follower, snapshot_of(follower), Opening(text="?"), continues, installation=INSTALLATION
        )
        assert new.run_input.loop.continues == continues
        assert new.memo.conversation_id == remembered


STARTED: Manifest = {"workflowId": "inst/team/x"}


@pytest.mark.parametrize(
    ("other", "held"),
    [
        (following("other", status=STARTED | {"conversationId": "conv_1"}), True),
        (following("other", of="elder", status=STARTED | {"conversationId": "conv_1"}), True),
        (following("other", status=STARTED | {"conversationId": "conv_1", "finished": True}), False),
        (following("other", status=STARTED | {"conversationId": "conv_2"}), False),
        (following("other", status=STARTED, fork=True), False),
        (following("other", creationTimestamp="2026-03-01T10:00:00Z"), True),
        (following("other", creationTimestamp="2026-03-01T12:00:00Z"), False),
        (following("other", creationTimestamp="2026-03-01T10:00:00Z", fork=True), False),
        (following("other", of="elder", creationTimestamp="2026-03-01T10:00:00Z"), False),
        (
            following(
                "other", creationTimestamp="2026-03-01T10:00:00Z", deletionTimestamp="2026-03-01T11:30:00Z"
            ),
            False,
        ),
        (following("other", namespace="elsewhere", status=STARTED | {"conversationId": "conv_1"}), False),
    ],
    ids=[
        "is in it",
        "is in it by way of another",
        "was in it",
        "is in another",
        "branched off",
        "is older",
        "is younger",
        "is older and branches off",
        "is older and continues another",
        "is older and is being deleted",
        "is in another namespace",
    ],
)
def test_a_conversation_is_for_one_run_at_a_time(other: AgentRun, *, held: bool) -> None:
    holder = holding(following(), "conv_1", [other], entering=None)
    assert (holder == other) is held


def started(*uids: str) -> Callable[[AgentRun], Awaitable[bool]]:
    """Tell that these runs have workflows."""

    async def is_started(asked: AgentRun) -> bool:
        return asked.metadata.uid in uids

    return is_started


async def test_of_two_of_one_second_the_one_that_was_started_stays_in() -> None:
    let_in, early = following("let-in", uid="u-b"), following("early", uid="u-a")
    async with ScriptedServer() as server:
        continuations = Continuations(ready_world(let_in, early), server.api, started("u-b"), now=lambda: NOW)
        for _ in range(2):
            server.will_answer(200, first().model_dump(mode="json", exclude_none=True))
        with pytest.raises(Waiting, match="AgentRun let-in goes on in the same conversation"):
            await continuations.find(early, snapshot_of(early))
        assert isinstance(await continuations.find(let_in, snapshot_of(let_in)), Continuation)


async def test_of_two_at_once_one_waits_until_the_other_is_recorded() -> None:
    younger, older = following("b", uid="u-b"), following("a", of="elder", uid="u-a")
    world = ready_world(younger, older)
    async with ScriptedServer() as server:
        continuations = Continuations(world, server.api, started(), now=lambda: NOW)
        for _ in range(3):
            server.will_answer(200, first().model_dump(mode="json", exclude_none=True))
        entering = await continuations.find(older, snapshot_of(older))
        assert isinstance(entering, Continuation)
        with continuations.entering(older, entering):
            with pytest.raises(Waiting) as waits:
                await continuations.find(younger, snapshot_of(younger))
            assert waits.value.reason is Reason.CONVERSATION_BUSY
            assert "AgentRun a goes on in the same conversation" in waits.value.message
        assert await continuations.find(younger, snapshot_of(younger)) == entering


async def test_a_branch_waits_for_nobody() -> None:
    going = following("other", status=STARTED | {"conversationId": "conv_1"})
    follower = following(fork=True)
    async with ScriptedServer() as server:
        continuations = Continuations(ready_world(going, follower), server.api, started(), now=lambda: NOW)
        server.will_answer(200, first().model_dump(mode="json", exclude_none=True))
        assert isinstance(await continuations.find(follower, snapshot_of(follower)), Continuation)


async def test_a_run_that_is_not_there_is_waited_for() -> None:
    async with ScriptedServer() as server:
        continuations = Continuations(ready_world(), server.api, started(), now=lambda: NOW)
        server.will_answer(404, GONE)
        with pytest.raises(Waiting) as waits:
            await continuations.find(following(), snapshot_of(following()))
        assert waits.value.reason is Reason.CONVERSATION_NOT_FOUND


async def test_a_run_that_continues_nothing_reads_nothing() -> None:
    async with ScriptedServer() as server:
        continuations = Continuations(ready_world(), server.api, started(), now=lambda: NOW)
        assert await continuations.find(run(), snapshot_of(run())) is None
        assert server.asked == []
