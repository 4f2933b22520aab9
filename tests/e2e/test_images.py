"""The images as they are, without a cluster: what is in them, what is not, and how they start."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.console import Console
from tools.containers.base import host_certificates, python_base
from tools.containers.docker import Build, Docker
from tools.images.catalog import IMAGES, index_arguments, prefix_in, references
from tools.kind.target import is_target_given, target_in
from tools.parts.catalog import ROOT
from tools.version import python_version, version

USER = 65532
# As a restricted pod runs them: nothing to write to but /tmp.
HARDENED = ("--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "none")
CONNECT = 'import socket; socket.create_connection(("127.0.0.1", 8080))'
MCP_SERVER = "@modelcontextprotocol/server-everything@2026.8.31"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}

every_image = pytest.mark.parametrize("name", [image.name for image in IMAGES])


@pytest.fixture(scope="module")
def docker() -> Docker:
    return Docker()


@pytest.fixture(scope="module")
def images(docker: Docker) -> dict[str, str]:
    """The whole names of the images, which this machine holds."""
    named = references(prefix_in(os.environ), version())
    if is_target_given(os.environ):
        target = target_in(os.environ)
        if target.kind is None:
            pytest.skip("the images are in a registry; this reads those of this machine")
        named = target.images
    missing = [reference for reference in named.values() if not docker.has(reference)]
    assert not missing, f"no {', '.join(missing)} here: run `make images`"
    return named


def shell(docker: Docker, image: str, script: str) -> str:
    return docker.run("run", *HARDENED, "--entrypoint", "sh", image, "-c", script)


def trust() -> tuple[str, ...]:
    """Options with which a container's Node trusts what this machine trusts: a registry may need that."""
    bundle = host_certificates()
    if bundle is None:
        return ()
    return ("--volume", f"{bundle.resolve()}:/host.crt:ro", "--env", "NODE_EXTRA_CA_CERTS=/host.crt")


def start(*options_and_image: str) -> tuple[int, str]:
    """Run an image as it is until it ends by itself: its exit code and what it printed."""
    command = ("docker", "run", *HARDENED, *options_and_image)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout + ended.stderr


@every_image
def test_image_runs_as_a_user_without_privileges(docker: Docker, images: dict[str, str], name: str) -> None:
    # A number, or `runAsNonRoot` cannot tell that it is not root.
    assert (
        docker.run("image", "inspect", "--format", "{{.Config.User}}", images[name]).strip() == "65532:65532"
    )
    told = shell(docker, images[name], "id -u; id -g; find /app -writable; test -w /etc || echo unwritable")
    assert told.split() == [str(USER), str(USER), "unwritable"]


@every_image
def test_image_holds_no_compiler_and_no_uv(docker: Docker, images: dict[str, str], name: str) -> None:
    tools = ("cc", "gcc", "g++", "clang", "ld", "make", "uv", "git", "curl", "wget")
    found = shell(docker, images[name], f"for tool in {' '.join(tools)}; do command -v $tool; done; true")
    assert found == ""


@pytest.mark.parametrize(
    ("name", "has_pip"), [("operator", False), ("dev", False), ("worker", True), ("worker-node", True)]
)
def test_only_what_user_images_start_from_has_pip(
    docker: Docker, images: dict[str, str], name: str, *, has_pip: bool
) -> None:
    pythons = "python /usr/bin/python3 /usr/local/bin/python3"
    script = f"for python in {pythons}; do $python -m pip --version 2>/dev/null; done; true"
    assert bool(shell(docker, images[name], script)) is has_pip


@pytest.mark.parametrize(
    ("name", "lock", "ours"),
    [
        ("operator", "operator/requirements.lock", {"durable-agents-crds", "durable-agents-operator"}),
        ("worker", "worker/requirements.lock", {"durable-agents-crds", "durable-agents-worker"}),
        ("dev", "tests/standin/requirements.lock", set()),
    ],
)
def test_image_holds_what_its_lock_pins_and_our_packages(
    docker: Docker, images: dict[str, str], name: str, lock: str, ours: set[str]
) -> None:
    script = (
        "import importlib.metadata, json, re; found = importlib.metadata.distributions(); "
        "print(json.dumps({re.sub('[._]', '-', each.name.lower()): each.version for each in found}))"
    )
    installed = json.loads(docker.run("run", *HARDENED, "--entrypoint", "python", images[name], "-c", script))
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
    assert {package: installed[package] for package in ours} == dict.fromkeys(ours, python_version())
    rest = {package: version for package, version in installed.items() if package not in ours}
    assert rest.items() <= pins.items()
    assert "kubernetes" not in installed


@every_image
def test_image_trusts_whom_its_base_trusts_and_not_whom_this_machine_does(
    docker: Docker, images: dict[str, str], name: str
) -> None:
    base = python_base(docker, Console())
    trusted = "sha256sum /etc/ssl/certs/ca-certificates.crt; ls /etc/ssl/certs"
    assert shell(docker, images[name], trusted) == shell(docker, base, trusted)
    variables = docker.run("image", "inspect", "--format", "{{.Config.Env}}", images[name])
    assert "CERT" not in variables


@every_image
def test_image_states_its_title_and_version(docker: Docker, images: dict[str, str], name: str) -> None:
    labels = json.loads(docker.run("image", "inspect", "--format", "{{json .Config.Labels}}", images[name]))
    assert labels["org.opencontainers.image.version"] == images[name].rpartition(":")[2]
    assert labels["org.opencontainers.image.title"].startswith("durable-agents ")


@pytest.mark.parametrize(
    ("name", "megabytes"), [("operator", 300), ("worker", 300), ("worker-node", 450), ("dev", 375)]
)
def test_image_does_not_grow_unnoticed(
    docker: Docker, images: dict[str, str], name: str, megabytes: int
) -> None:
    assert docker.size(images[name]) < megabytes * 1_000_000


def test_operator_without_a_cluster_says_what_is_missing(images: dict[str, str]) -> None:
    assert start(images["operator"]) == (
        1,
        "agents_operator: TEMPORAL_ADDRESS is missing: set it to HOST:PORT\n",
    )
    code, output = start("--env", "TEMPORAL_ADDRESS=127.0.0.1:7233", images["operator"])
    assert code == 1
    assert "no API server: run in a pod with a service account, or set KUBECONFIG" in output


@pytest.mark.parametrize("name", ["worker", "worker-node"])
def test_worker_without_settings_says_which(images: dict[str, str], name: str) -> None:
    code, output = start(images[name])
    assert code == 2
    assert "TEMPORAL_WORKER_BUILD_ID: Field required" in output


@pytest.fixture
def data(docker: Docker, images: dict[str, str]) -> Iterator[str]:
    """A volume that belongs to the group of the images' user, as `fsGroup` makes it."""
    volume = docker.run("volume", "create").strip()
    docker.run(
        "run",
        "--rm",
        "--user",
        "0",
        "--volume",
        f"{volume}:/data",
        images["dev"],
        "chown",
        f":{USER}",
        "/data",
    )
    docker.run(
        "run", "--rm", "--user", "0", "--volume", f"{volume}:/data", images["dev"], "chmod", "2775", "/data"
    )
    yield volume
    docker.run("volume", "rm", volume)


@pytest.mark.parametrize(
    ("command", "question"),
    [
        (
            ("temporal", "server", "start-dev", "--db-filename", "/data/temporal.db", "--log-level", "warn"),
            "until temporal operator cluster health; do sleep 0.2; done; test -s /data/temporal.db",
        ),
        (
            ("python", "-m", "tests.standin", "--port", "8080", "--state", "/data/standin.json"),
            f"until python -c '{CONNECT}'; do sleep 0.2; done",
        ),
    ],
    ids=["temporal", "stand-in"],
)
def test_dev_image_serves_with_its_state_on_a_volume(
    docker: Docker, images: dict[str, str], data: str, command: tuple[str, ...], question: str
) -> None:
    options = (*HARDENED, "--detach", "--volume", f"{data}:/data")
    container = docker.run("run", *options, images["dev"], *command).strip()
    try:
        docker.run("exec", container, "sh", "-c", question, timeout=30)
    finally:
        docker.run("rm", "--force", container)


def test_npx_starts_an_mcp_server(images: dict[str, str]) -> None:
    options = ("--rm", "--interactive", "--read-only", "--tmpfs", "/tmp:exec", "--network", "host", *trust())
    command = (
        "docker",
        "run",
        *options,
        "--entrypoint",
        "npx",
        images["worker-node"],
        "-y",
        MCP_SERVER,
        "stdio",
    )
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(INITIALIZE) + "\n")
        server.stdin.flush()
        answer = json.loads(server.stdout.readline())
        server.stdin.close()
    assert answer["result"]["serverInfo"]["name"] == "mcp-servers/everything"


def test_user_image_adds_a_package_and_a_module(
    docker: Docker, images: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mytools.py").write_text("import iniconfig\n")
    # An index may have a root certificate that this machine knows and the image does not.
    bundle, arguments = host_certificates(), {"WORKER_IMAGE": images["worker"], **index_arguments(os.environ)}
    if bundle is not None:
        shutil.copy(bundle, tmp_path / "host.crt")
        arguments["PIP_CERT"] = "/tmp/host.crt"
    (tmp_path / "Dockerfile").write_text(
        "ARG WORKER_IMAGE\nFROM ${WORKER_IMAGE}\nARG PIP_CERT\nARG PIP_INDEX_URL\n"
        "USER root\nCOPY *.py *.crt /tmp/\nRUN pip install iniconfig==2.1.0\nUSER 65532:65532\n"
        "COPY mytools.py /tools/\nENV WORKER_MODULES=mytools\n"
    )
    image = "durable-agents-test/user:1"
    docker.build(Build(image, tmp_path, tmp_path / "log", arguments=arguments))
    try:
        assert (
            docker.run("run", *HARDENED, "--entrypoint", "pip", image, "check")
            == "No broken requirements found.\n"
        )
        imported = "from agents_worker.tools.offer import load_tools; print(load_tools(('mytools',)).tools)"
        assert docker.run("run", *HARDENED, "--entrypoint", "python", image, "-c", imported) == "()\n"
    finally:
        docker.run("image", "rm", image)
