"""Two replicas of the operator: never do both act, and the other one does within 20 s, whatever happens.

Who acts is read in the audit log of the API server: what only the leader writes is marked by its User-Agent.
"""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.component.abroad import running_abroad
from tests.component.platform import Operator, Platform
from tests.component.replicas import ONES_OWN, HalfWay, Pair, Work, half_done, leads, send, stands_by
from tests.component.tenant import Tenant
from tests.wire import Wire
from tools.local.processes import Processes

BOUND = 20.0
# Less than the Lease lasts.
AT_ONCE = 10.0


@pytest.fixture
def wire(platform: Platform) -> Iterator[Wire]:
    """The first replica's way to the API server."""
    with Wire(platform.control_plane.ports.apiserver) as wire:
        yield wire


@pytest.fixture
def pair(
    platform: Platform,
    processes: Processes,
    operator: Operator,
    tenant: Tenant,
    wire: Wire,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Pair]:
    """Two replicas in place of the operator that all tests find, with a Lease as in a cluster."""
    tenant.wait("workerpool/default", "Ready")
    operator.stop()
    plane = platform.control_plane
    detour = tmp_path / "kubeconfig"
    by_wire = f"https://127.0.0.1:{wire.port}"
    detour.write_text(plane.kubeconfig("operator").read_text().replace(plane.server, by_wire))

    def replica(name: str, kubeconfig: Path) -> Operator:
        variables = {
            "DURABLE_AGENTS_IDENTITY": name,
            "DURABLE_AGENTS_LEASE_DURATION": "15s",
            "KUBECONFIG": str(kubeconfig),
        }
        return platform.operator(processes, name=name, extra=variables)

    before = len(plane.audit_log.read_text().splitlines())
    first = replica(f"{tenant.namespace}-one", detour)
    second = replica(f"{tenant.namespace}-two", plane.kubeconfig("operator"))
    try:
        first.start()
        second.start()
        assert leads(first)
        assert stands_by(second)
        yield Pair(platform, first, second, before)
    finally:
        for each in (second, first):
            each.stop()
            if processes.log(each.service.name).exists():
                request.node.add_report_section("teardown", f"log of {each.service.name}", each.log[-6000:])
        operator.start()


@pytest.fixture
def work(tenant: Tenant) -> Work:
    return Work(tenant)


def test_leader_that_is_killed(pair: Pair, work: Work) -> None:
    with half_done(pair, work):
        since = datetime.now(UTC)
        pair.first.kill()
    acts = pair.until_acts(pair.second, since)
    assert figure("killed", acts) < BOUND
    # Outcomes wait for no leader.
    assert figure("killed, an outcome", pair.until_acts(pair.second, since, role="replica")) < acts
    work.assert_done_once()
    assert pair.leaders() == [pair.first.service.name, pair.second.service.name]


def test_leader_that_is_paused_past_its_lease_and_goes_on(pair: Pair, work: Work) -> None:
    with half_done(pair, work):
        since = datetime.now(UTC)
        send(pair.first, signal.SIGSTOP)
    assert figure("paused", pair.until_acts(pair.second, since)) < BOUND
    # It has the answer about a remote agent, and what it would have done next.
    send(pair.first, signal.SIGCONT)
    pair.until_ended(pair.first)
    assert "ending: the Lease was not renewed in time" in pair.first.log
    work.assert_done_once()
    assert pair.leaders() == [pair.first.service.name, pair.second.service.name]


def test_leader_that_is_cut_off_from_the_api_server(pair: Pair, work: Work, wire: Wire) -> None:
    with half_done(pair, work):
        since = datetime.now(UTC)
        wire.cut()
        pair.until_ended(pair.first)
        assert stands_by(pair.second)
    assert figure("cut off", pair.until_acts(pair.second, since)) < BOUND
    work.assert_done_once()
    assert pair.leaders() == [pair.first.service.name, pair.second.service.name]


def test_replicas_that_are_replaced_one_after_the_other(pair: Pair, work: Work) -> None:
    for old, new in ((pair.first, pair.second), (pair.second, pair.first)):
        half_way = HalfWay(pair, work)
        since = datetime.now(UTC)
        send(old, signal.SIGTERM)
        work.add(3)
        assert figure("asked to end", pair.until_acts(new, since)) < AT_ONCE
        half_way.go_on()
        work.wait(*half_way.names)
        pair.until_ended(old)
        assert "Traceback" not in old.log
        old.start()
        assert stands_by(old)
    work.assert_done_once()
    first, second = pair.first.service.name, pair.second.service.name
    assert pair.leaders() == [first, second, first]


def test_both_replicas_write_outcomes_and_only_one_does_anything_else(pair: Pair, work: Work) -> None:
    work.add(20)
    work.wait()
    written = [each for each in pair.writes("replica") if each.accepted]
    outcomes = [each for each in written if each.resource == "agentruns/status"]
    assert {each.by for each in outcomes} == {pair.first.service.name, pair.second.service.name}
    assert {each.resource for each in written} - ONES_OWN == {"agentruns/status"}
    assert pair.leaders() == [pair.first.service.name]
    work.assert_done_once()


def test_leader_that_is_killed_is_missed_by_no_run_in_another_temporal(
    pair: Pair, tenant: Tenant, tmp_path: Path
) -> None:
    first, second = pair.first.service.name, pair.second.service.name
    with running_abroad(tmp_path) as abroad:
        abroad.furnish(tenant)
        names = [f"run-{number}" for number in range(20)]
        for name in names:
            tenant.apply_run(name, "reader")
        for name in names:
            tenant.wait(f"agentrun/{name}", "Succeeded")
        # Both hear what is told there, and one says what becomes of the connection.
        assert {each.by for each in pair.writes("replica") if each.resource == "agentruns/status"} == {
            first,
            second,
        }
        hold = pair.platform.standin.hold("POST", "/v1/conversations/*", times=1)
        tenant.apply_run("half-way", "reader")
        pair.platform.standin.wait_until_held(hold)
        since = datetime.now(UTC)
        pair.first.kill()
        tenant.apply_run("next", "reader")
        pair.platform.standin.release(hold)
        tenant.wait("agentrun/half-way", "Succeeded")
        assert not leads(pair.second)
        assert figure("killed, a start in another Temporal", pair.until_acts(pair.second, since)) < BOUND
        tenant.wait("agentrun/next", "Succeeded")
        assert len(tenant.tool_calls()) == len(names) + 2
        of_connections = [
            each for each in pair.writes("leader") if each.resource == "temporalconnections/status"
        ]
        assert {each.by for each in of_connections} == {first}
        assert pair.leaders() == [first, second]


def figure(what: str, seconds: float) -> float:
    """Print a figure, for docs/high-availability.md."""
    print(f"{what}: the other one acts after {seconds:.1f} s")  # noqa: T201  # shown by -rP
    return seconds
