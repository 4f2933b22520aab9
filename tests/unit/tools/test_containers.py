import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.console import Console
from tools.containers import runc_without_sys_resource as shim
from tools.containers.base import build_base, python_base
from tools.containers.docker import Build, Docker
from tools.containers.engine import Host, find_engine, observe_host, runtime_flags, start_refusal
from tools.errors import ExpectedError

BARE = Host(is_root=True, has_apt=True, has_systemd=False, docker_host=None)
LACKING = "CapEff:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\n"
ORDINARY = "CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n"


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        (BARE, None),
        (Host(is_root=True, has_apt=True, has_systemd=True, docker_host=None), "systemctl start docker"),
        (Host(is_root=False, has_apt=True, has_systemd=False, docker_host=None), "group `docker`"),
        (Host(is_root=True, has_apt=False, has_systemd=False, docker_host=None), "install Docker"),
        (Host(is_root=True, has_apt=True, has_systemd=False, docker_host="tcp://x:1"), "unset DOCKER_HOST"),
    ],
)
def test_engine_is_started_only_where_nobody_else_would(host: Host, advice: str | None) -> None:
    reason = start_refusal(host)
    assert reason is None if advice is None else advice in (reason or "")


def test_engine_that_docker_host_names_is_not_replaced_when_it_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "docker", "echo 'Cannot connect to the Docker daemon at tcp://x:1.' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ExpectedError, match=r"Cannot connect .* unset DOCKER_HOST"):
        find_engine(Console(), {"DOCKER_HOST": "tcp://x:1"})


def test_engine_that_answers_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "docker", "echo 20.10")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert find_engine(Console(), {}) == Docker()


def test_docker_without_an_engine_says_why(tmp_path: Path) -> None:
    silent = program(tmp_path / "silent", "exit 0")
    assert Docker(silent).refusal() == "no engine answers"
    assert Docker(str(tmp_path / "absent")).refusal() == f"there is no command {tmp_path}/absent"


def test_shim_is_used_only_where_the_capability_cannot_be_had() -> None:
    assert runtime_flags(ORDINARY, Path("/shim")) == ()
    assert runtime_flags(LACKING, Path("/shim")) == (
        *("--add-runtime", "trimmed=/shim"),
        *("--default-runtime", "trimmed"),
    )


def test_shim_takes_the_capability_and_rlimits_out_and_becomes_runc(tmp_path: Path) -> None:
    sets = {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "effective": ["CAP_SYS_RESOURCE"]}
    spec = {"process": {"args": ["sh"], "capabilities": sets, "rlimits": [{"type": "RLIMIT_NOFILE"}]}}
    (tmp_path / "config.json").write_text(json.dumps(spec))
    (tmp_path / "process.json").write_text(json.dumps(spec["process"]))
    program(tmp_path / "runc", 'echo runc "$@"')
    arguments = ["exec", "--bundle", str(tmp_path), "--process", str(tmp_path / "process.json"), "id"]
    ran = subprocess.run(
        (sys.executable, shim.__file__, *arguments),
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == f"runc {' '.join(arguments)}\n"
    trimmed = {"args": ["sh"], "capabilities": {"bounding": ["CAP_CHOWN"], "effective": []}}
    assert json.loads((tmp_path / "config.json").read_text()) == {"process": trimmed}
    assert json.loads((tmp_path / "process.json").read_text()) == trimmed


def test_shim_can_be_run_as_it_is() -> None:
    assert os.access(shim.__file__, os.X_OK)


def test_host_is_observed() -> None:
    assert observe_host({"DOCKER_HOST": "unix:///x"}).docker_host == "unix:///x"
    assert observe_host({}).is_root is (os.geteuid() == 0)


def test_failed_build_shows_the_end_of_its_log(tmp_path: Path) -> None:
    docker = program(tmp_path / "docker", "for i in $(seq 40); do echo line $i; done; exit 1")
    build = Build("x:1", tmp_path, tmp_path / "logs" / "x.log")
    with pytest.raises(ExpectedError, match=r"(?s)building x:1 failed.* line 16\n.* line 40$") as failure:
        Docker(docker).build(build)
    assert "line 15" not in str(failure.value)
    assert build.log.read_text().startswith("line 1\n")


@pytest.mark.parametrize(("has_buildx", "buildkit"), [("exit 0", "1"), ("exit 1", "0")])
def test_buildkit_is_asked_for_only_where_the_client_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_buildx: str, buildkit: str
) -> None:
    monkeypatch.delenv("DOCKER_BUILDKIT", raising=False)
    docker = program(
        tmp_path / "docker",
        '[ "$1" = context ] && echo mine && exit; '
        f'[ "$1" = buildx ] && {has_buildx}; echo $BUILDX_BUILDER $DOCKER_BUILDKIT "$@"',
    )
    build = Build("x:1", tmp_path, tmp_path / "x.log", tmp_path / "F", "worker", {"A": "b c"})
    Docker(docker).build(build)
    assert build.log.read_text() == (
        f"mine {buildkit} build --network host --tag x:1 --file {tmp_path}/F --target worker "
        f"--build-arg A=b c {tmp_path}\n"
    )


def test_base_image_that_is_named_is_used_without_asking_the_engine() -> None:
    assert python_base(Docker("absent"), Console(), {"BASE_IMAGE": "mine:1"}) == "mine:1"


def test_builder_stages_trust_what_the_machine_trusts_and_their_base_is_made_once(tmp_path: Path) -> None:
    docker = program(
        tmp_path / "docker",
        f"""case "$1" in
          images) [ "$3" = base:1 ] || cat {tmp_path}/built 2>/dev/null;;
          image) echo sha256:1;;
          build) echo yes >> {tmp_path}/built; for last; do :; done; test -f "$last/host.crt" || exit 1;;
        esac; exit 0""",
    )
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("the machine's")
    environ = {"SSL_CERT_FILE": str(bundle)}
    made = build_base(Docker(docker), "base:1", environ)
    assert made.startswith("durable-agents-base:build-")
    assert build_base(Docker(docker), "base:1", environ) == made
    assert (tmp_path / "built").read_text() == "yes\n"
    bundle.write_text("another")
    assert build_base(Docker(docker), "base:1", environ) != made


def test_builder_stages_start_from_the_base_where_the_machine_has_no_certificates(tmp_path: Path) -> None:
    absent = {"SSL_CERT_FILE": str(tmp_path / "absent.crt")}
    assert build_base(Docker("absent"), "base:1", absent) == "base:1"


def test_official_base_that_can_be_pulled_is_used(tmp_path: Path) -> None:
    docker = program(tmp_path / "docker", 'case "$1" in images|pull) exit 0;; esac; exit 1')
    assert python_base(Docker(docker), Console(), {}) == "python:3.13-slim-trixie"
