"""The image of a cluster's node: kind's official one, else one made from Debian packages and Go modules."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.console import Console
from tools.containers.base import debian_base
from tools.containers.docker import Build, Docker
from tools.errors import ExpectedError
from tools.parts.catalog import GO_MODULE, MODULES, ROOT, Group, Part, releases
from tools.parts.go import go_environment, go_toolchain
from tools.parts.obtain import obtain_parts
from tools.parts.store import cache_directory

# kindest/node:v1.34.11, by the release notes of the kind that we pin; a later kind may move the tag.
OFFICIAL = "kindest/node@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d"
_OWN = "durable-agents-kind-node"
_SOURCES = ROOT / "tools" / "kind" / "node"
_TARGETS = {"components": Part.KUBE, "coredns": Part.COREDNS, "provisioner": Part.PROVISIONER}


@dataclass(frozen=True)
class NodeImage:
    """An image for nodes; one made here brings its own network configuration."""

    name: str
    made_here: bool


def node_image(docker: Docker, console: Console, environ: Mapping[str, str] = os.environ) -> NodeImage:
    """An image that is here: NODE_IMAGE, else the official one, else one made now. Quick from then on."""
    if named := environ.get("NODE_IMAGE"):
        return NodeImage(named, made_here=named.startswith(f"{_OWN}:"))
    if docker.has(OFFICIAL):
        return NodeImage(OFFICIAL, made_here=False)
    version = releases((GO_MODULE / "go.mod").read_text()).kubernetes
    own = NodeImage(f"{_OWN}:{version}-{_digest()}", made_here=True)
    if docker.has(own.name):
        return own
    try:
        console.say("pulling kind's node image")
        docker.pull(OFFICIAL)
    except ExpectedError as error:
        console.say(f"not used: {error}")
        _make(own, f"v{version}", docker, console, environ)
        return own
    return NodeImage(OFFICIAL, made_here=False)


def images_of_node(listed: str, made: Mapping[str, str]) -> dict[str, str]:
    """Which of the images `made` here has to stand in for each that kubeadm listed, a line each."""
    stand_ins = {}
    for name in listed.split():
        match name.rsplit("/", 1)[-1].partition(":")[0]:
            case "coredns":
                stand_ins[name] = made["coredns"]
            case _:  # the control plane's, etcd's, and that of a pod's sandbox
                stand_ins[name] = made["components"]
    return stand_ins


def _digest() -> str:
    """Changes with everything of ours that a node image is made from; the same in every clone."""
    sources = hashlib.sha256()
    paths = [*sorted(_SOURCES.iterdir()), Path(__file__)]
    for module in (GO_MODULE, *(MODULES[part].directory for part in (Part.COREDNS, Part.PROVISIONER))):
        paths += sorted(module.iterdir()) if module else []
    for path in paths:
        sources.update(path.read_bytes())
    sources.update(MODULES[Part.KIND].version.encode())
    return sources.hexdigest()[:12]


def _make(
    image: NodeImage, version: str, docker: Docker, console: Console, environ: Mapping[str, str]
) -> None:
    parts = obtain_parts(Group.NODE.parts, console, environ)
    base = debian_base(docker, console)
    console.say(f"making {image.name} from Debian packages and Go modules: about 2 minutes")
    with TemporaryDirectory() as scratch:
        context, made = Path(scratch), {}
        for part in _TARGETS.values():
            shutil.copy(parts[part], context / part)
        for target in _TARGETS:
            made[target] = f"{image.name}-{target}"
            _build(docker, context, made[target], target, base)
        listed = _kubeadm(parts[Part.KUBE], "config", "images", "list", f"--kubernetes-version={version}")
        stand_ins = images_of_node(listed, made)
        _write_files(context, version, stand_ins, made)
        _copy_files_of_kind(context / "kind", console, environ)
        docker.save([*made.values()], context / "images.tar")
        _build(docker, context, image.name, "node", base)
        docker.run("rmi", *made.values())


def _build(docker: Docker, context: Path, tag: str, target: str, base: str) -> None:
    log = ROOT / ".local" / "logs" / f"node-image-{target}.log"
    docker.build(Build(tag, context, log, _SOURCES / "Dockerfile", target, {"BASE": base}))


def _write_files(context: Path, version: str, stand_ins: Mapping[str, str], made: Mapping[str, str]) -> None:
    """Put our own files into `context`, with the names of images filled in."""
    sandbox = next(name for name in stand_ins if "/pause:" in name)
    names = {
        "SANDBOX_IMAGE": sandbox,
        "HELPER_IMAGE": made["components"],
        "PROVISIONER_IMAGE": made["provisioner"],
    }
    for source in _SOURCES.iterdir():
        text = source.read_text()
        for placeholder, name in names.items():
            text = text.replace(placeholder, name)
        (context / source.name).write_text(text)
    # containerd knows images by their whole names only.
    lines = [f"docker.io/library/{image} {name}\n" for name, image in stand_ins.items()]
    (context / "images.txt").write_text("".join(lines))
    (context / "version").write_text(f"{version}\n")


def _copy_files_of_kind(target: Path, console: Console, environ: Mapping[str, str]) -> None:
    """Take the entrypoint and units of a node from kind's own Go module."""
    kind = MODULES[Part.KIND]
    go = go_toolchain(environ, kind.go, cache_directory(environ), console)
    command = (str(go), "mod", "download", "-json", f"{kind.package}@v{kind.version}")
    answer = subprocess.run(
        command, cwd="/", env=go_environment(environ), capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise ExpectedError(f"cannot get kind's Go module: {(answer.stderr or answer.stdout).strip()}")
    files = Path(json.loads(answer.stdout)["Dir"]) / "images" / "base" / "files"
    # Files of the module cache are read-only, folders too: copy what they hold and not how they are.
    shutil.copytree(files, target, copy_function=shutil.copyfile)
    for directory in (target, *target.rglob("*/")):
        directory.chmod(0o755)


def _kubeadm(kube: Path, *arguments: str) -> str:
    with TemporaryDirectory() as scratch:
        kubeadm = Path(scratch) / "kubeadm"
        kubeadm.symlink_to(kube.resolve())
        answer = subprocess.run((str(kubeadm), *arguments), capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ExpectedError(f"kubeadm {' '.join(arguments)}: {answer.stderr.strip()}")
    return answer.stdout
