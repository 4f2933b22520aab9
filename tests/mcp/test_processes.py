"""Servers that the worker starts: what they get, and what is left of them."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents_crds.contract.mcp import NamedValue, StdioTransport
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from tests.mcp.asking import Asking, python

SERVER = "tests.mcp.python_server"
PASSED_ON = {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}
# Set by the interpreter and the dynamic linker.
OF_PYTHON = {"LC_CTYPE"}


def shell(script: str) -> StdioTransport:
    return StdioTransport(command="sh", args=("-c", script))


def children() -> set[int]:
    """Return the processes that this one has, zombies too."""
    return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def pid_in(mark: Path) -> int:
    async with asyncio.timeout(20):
        while not (mark.exists() and mark.read_text().strip()):  # noqa: ASYNC110, ASYNC240  # a server writes it
            await asyncio.sleep(0.02)
    return int(mark.read_text())  # noqa: ASYNC240


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


async def test_process_gets_its_own_environment_alone(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURABLE_AGENTS_POOL_QUEUE", "i/ns/pools/default")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal:7233")
    monkeypatch.setenv("TOKEN_OF_THE_WORKER", "hidden")
    given = json.loads(await asking.call(python(SERVER, "stdio", CITY="Paris"), "environment"))
    assert given["CITY"] == "Paris"
    assert set(given) - OF_PYTHON - PASSED_ON == {"CITY", "PYTHONPATH"}


async def test_call_that_is_cut_short_leaves_no_process(asking: Asking, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    text = await asking.call_within(python(SERVER, "stdio", MARK=str(mark)), "sleep", 0.5, seconds=60)
    assert "did not answer the call of sleep within 0.5s" in text
    assert not is_alive(await pid_in(mark))


async def test_call_that_is_cancelled_leaves_no_process(asking: Asking, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    calling = asyncio.create_task(asking.call(python(SERVER, "stdio", MARK=str(mark)), "sleep", seconds=60))
    pid = await pid_in(mark)
    calling.cancel()
    # Temporal cancels once more when the worker stops.
    await asyncio.sleep(0.1)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await asyncio.sleep(0.2)
    assert not is_alive(pid)


async def test_what_a_server_started_ends_with_it(asking: Asking, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with pytest.raises(ServerFailed):
        await asking.list(shell(f"sleep 60 & echo $! > {mark}; exit 1"))
    await asyncio.sleep(0.1)
    assert not is_alive(await pid_in(mark))


async def test_server_that_ignores_every_signal_but_one_is_killed(asking: Asking, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    deaf = f"trap '' TERM INT HUP; echo $$ > {mark}; while true; do sleep 1; done"
    with pytest.raises(ServerFailed, match=r"did not open a session within 0.5s") as failed:
        await asking.list(shell(deaf), connect=0.5)
    assert failed.value.reason == Reason.SERVER_TIMED_OUT
    await asyncio.sleep(0.1)
    assert not is_alive(await pid_in(mark))


async def test_command_that_the_pool_does_not_allow_is_not_started(asking: Asking, tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match=r"does not allow touch: add it to its spec.stdio") as failed:
        await asking.list(StdioTransport(command="touch", args=(str(tmp_path / "mark"),)))
    assert failed.value.reason == Reason.COMMAND_NOT_ALLOWED
    assert not (tmp_path / "mark").exists()


async def test_path_of_a_server_does_not_choose_its_program(asking: Asking, tmp_path: Path) -> None:
    for program in ("sh", "false"):
        (tmp_path / program).write_text("#!/bin/sh\ntouch " + str(tmp_path / "mark"))
        (tmp_path / program).chmod(0o755)
    path = NamedValue(name="PATH", value=str(tmp_path))
    with pytest.raises(ServerFailed, match="false ended with exit code 1"):
        await asking.list(StdioTransport(command="false", env=(path,)))
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("transport", "words"),
    [
        (StdioTransport(command="no-such-command"), "is not in the worker's image"),
        (StdioTransport(command="false"), "false ended with exit code 1 before it answered"),
        (shell("kill -9 $$"), "sh ended with signal 9 before it answered"),
        (StdioTransport(command=sys.executable, args=("\0",)), "could not be started"),
    ],
)
async def test_command_that_does_not_run_is_told(
    asking: Asking, transport: StdioTransport, words: str
) -> None:
    with pytest.raises(ServerFailed, match=words) as failed:
        await asking.list(transport)
    assert failed.value.reason == Reason.COMMAND_FAILED


async def test_last_words_of_a_command_are_in_the_log_alone_cut_and_without_secrets(
    asking: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    token = NamedValue(name="TOKEN", secret_path="tools/token")
    script = 'yes noise | head -c 1000000 >&2; echo "refused: $TOKEN" >&2; exit 7'
    transport = StdioTransport(command="sh", args=("-c", script), env=(token,))
    with caplog.at_level(logging.INFO), pytest.raises(ServerFailed) as failed:
        await asking.list(transport)
    assert "refused" not in failed.value.message
    assert "refused: [secret]" in caplog.text
    assert "s3cret" not in caplog.text
    assert len(caplog.text) < 5_000


async def test_server_that_ends_in_a_call_is_told(asking: Asking) -> None:
    text = await asking.call(python(SERVER, "stdio"), "die")
    assert "ended with exit code 3 before it answered" in text
    assert "may or may not have taken effect" in text


async def test_line_without_end_is_given_up(asking: Asking) -> None:
    with pytest.raises(ServerFailed, match="sent more than") as failed:
        await asking.list(shell("yes | tr -d '\\n'"))
    assert failed.value.reason == Reason.SERVER_ERROR


async def test_flood_of_notifications_is_given_up_and_keeps_nobody_waiting(asking: Asking) -> None:
    progress = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}'
    flooding = asyncio.create_task(asking.list(shell(f"yes '{progress}'"), connect=30))
    longest, before = 0.0, asyncio.get_running_loop().time()
    while not flooding.done():
        await asyncio.sleep(0.01)
        now = asyncio.get_running_loop().time()
        longest, before = max(longest, now - before), now
    with pytest.raises(ServerFailed, match="sent more than 2000 messages"):
        await flooding
    assert longest < 1


async def test_flood_of_requests_is_given_up(asking: Asking) -> None:
    with pytest.raises(ServerFailed, match="1000 requests of its own"):
        await asking.list(shell("""yes '{"jsonrpc":"2.0","id":1,"method":"ping"}'"""), connect=30)
