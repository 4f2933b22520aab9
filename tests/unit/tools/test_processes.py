import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.tools.waiting import wait_for
from tools.errors import ExpectedError
from tools.local.ports import free_ports, is_free
from tools.local.probes import answers, listens
from tools.local.processes import Command, Processes, Service
from tools.local.tether import groups_left
from tools.parts.catalog import ROOT

WAIT = "echo ready; while true; do sleep 0.05; done"
POLITE = f"trap 'echo bye; exit 0' TERM; {WAIT}"
STUBBORN = f"trap '' TERM; {WAIT}"


def command(
    name: str, script: str, *, env: dict[str, str] | None = None, sources: str = "", tmp: Path = ROOT
) -> Command:
    return Command(name, ("/bin/sh", "-c", script), {"PATH": os.defpath} | (env or {}), tmp, sources)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A killed process stays in the table until its new parent has asked for it.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_running_process_is_known_to_others_and_unknown_once_it_ended(
    processes: Processes, tmp_path: Path
) -> None:
    pid = processes.start(command("sleeper", "exec sleep 60"))
    another = Processes(tmp_path / "run", tmp_path / "logs")
    assert another.pid("sleeper") == pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: another.pid("sleeper") is None, "the end of the process")


def test_pid_file_left_behind_names_no_process(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "run" / "old.pid").write_text(str(os.getpid()))
    assert processes.pid("old") is None


def test_same_name_is_not_started_twice(processes: Processes) -> None:
    processes.start(command("one", "exec sleep 60"))
    with pytest.raises(ExpectedError, match="already runs"):
        processes.start(command("one", "exec sleep 60"))


def test_stop_is_graceful_and_then_is_not(processes: Processes) -> None:
    processes.start(command("polite", POLITE))
    processes.start(command("stubborn", STUBBORN))
    for name in ("polite", "stubborn"):
        wait_for(lambda name=name: "ready" in processes.log(name).read_text(), f"{name} ready")  # type: ignore[misc]
    processes.stop("polite", "stubborn", grace=1)
    assert "bye" in processes.log("polite").read_text()
    assert processes.pid("stubborn") is None


@pytest.mark.parametrize(
    ("changed", "runs"),
    [
        (command("server", "exec sleep 60"), True),
        (command("server", "exec sleep 60", env={"PATH": "/elsewhere"}), True),
        (command("server", "exec sleep 60", env={"SETTING": "1"}), False),
        (command("server", "exec sleep 60", sources="edited"), False),
        (command("server", "exec sleep 61"), False),
    ],
)
def test_process_is_stale_when_code_or_settings_changed(
    processes: Processes, changed: Command, *, runs: bool
) -> None:
    processes.start(command("server", "exec sleep 60"))
    assert processes.runs(changed) is runs


def test_process_that_ends_early_is_reported_with_its_output(processes: Processes) -> None:
    failing = Service(command("failing", "echo no such database; exit 3"), lambda: False)
    processes.start(failing.command)
    with pytest.raises(ExpectedError, match=r"failing has ended(.|\n)*no such database"):
        processes.wait_ready(failing, timeout=20)


def test_process_that_never_serves_is_reported(processes: Processes) -> None:
    silent = Service(command("silent", "exec sleep 60"), lambda: False)
    processes.start(silent.command)
    with pytest.raises(ExpectedError, match="silent was not ready in 0s"):
        processes.wait_ready(silent, timeout=0.1)


def test_tethered_process_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        (
            sys.executable,
            "-c",
            "import os, pathlib, sys, time\n"
            "from tools.local.processes import Command, Processes\n"
            "directory = pathlib.Path(sys.argv[1])\n"
            "with Processes.tethered(directory) as processes:\n"
            "    processes.start(Command('child', ('sleep', '60'), dict(os.environ), directory))\n"
            "    time.sleep(60)\n",
            str(tmp_path),
        ),
        cwd=ROOT,
    )
    observer = Processes(tmp_path / "run", tmp_path / "logs")
    wait_for(lambda: observer.pid("child") is not None, "the start of the child")
    child = observer.pid("child")
    assert child is not None
    owner.kill()
    owner.wait()
    wait_for(lambda: not is_alive(child), "the end of the child")


def test_tether_forgets_what_ended() -> None:
    assert groups_left(["+10\n", "+20\n", "-10\n"]) == {20}


def test_probes_answer_no_where_nothing_listens() -> None:
    port, another = free_ports(2)
    assert port != another
    assert is_free(port)
    assert not listens(port)()
    assert not answers(f"http://127.0.0.1:{port}/")()
