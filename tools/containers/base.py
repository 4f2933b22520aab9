"""Images to start from: the official ones where they can be had, else ones made here from Debian packages."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.console import Console
from tools.containers.docker import Build, Docker
from tools.containers.engine import install
from tools.errors import ExpectedError
from tools.parts.catalog import ROOT

OFFICIAL_PYTHON = "python:3.13-slim-trixie"
OFFICIAL_DEBIAN = "debian:trixie-slim"
_OWN = "durable-agents-base"
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PYTHON_DOCKERFILE = ROOT / "tools" / "containers" / "python.Dockerfile"
_DEBOOTSTRAP = ("debootstrap", "--variant=minbase", "--include=ca-certificates", "trixie")
# How OpenSSL, pip and Node are told of certificates.
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")


def python_base(docker: Docker, console: Console, environ: Mapping[str, str] = os.environ) -> str:
    """An image with Python 3.13 and its venv: BASE_IMAGE, else the official one, else one made here."""
    if named := environ.get("BASE_IMAGE"):
        return named
    own = f"{_OWN}:trixie-python3.13-{_recipe()}"
    if _official(docker, OFFICIAL_PYTHON, own, console):
        return OFFICIAL_PYTHON
    if not docker.has(own):
        base = _own_debian(docker, console)
        console.say(f"making {own}")
        log = ROOT / ".local" / "logs" / "image-base.log"
        with TemporaryDirectory() as nothing:
            docker.build(Build(own, Path(nothing), log, _PYTHON_DOCKERFILE, arguments={"BASE": base}))
    return own


def debian_base(docker: Docker, console: Console) -> str:
    """An image with Debian trixie: the official one, else one made here."""
    if _official(docker, OFFICIAL_DEBIAN, _own_debian_name(), console):
        return OFFICIAL_DEBIAN
    return _own_debian(docker, console)


def _official(docker: Docker, image: str, own: str, console: Console) -> bool:
    """Have the official image here; what was made here once is not asked for again."""
    if docker.has(image):
        return True
    if docker.has(own):
        return False
    try:
        docker.pull(image)
    except ExpectedError as error:
        console.say(f"not used: {error}")
        return False
    return True


def _recipe() -> str:
    """Differs when what is made here would: by other steps, or other certificates of this machine."""
    steps = " ".join((*_DEBOOTSTRAP, *_CERTIFICATE_VARIABLES)) + _PYTHON_DOCKERFILE.read_text()
    return hashlib.sha256(steps.encode() + (_BUNDLE.read_bytes() if _BUNDLE.exists() else b"")).hexdigest()[
        :12
    ]


def _own_debian_name() -> str:
    return f"{_OWN}:trixie-{_recipe()}"


def _own_debian(docker: Docker, console: Console) -> str:
    own = _own_debian_name()
    if docker.has(own):
        return own
    if os.geteuid() != 0:
        raise ExpectedError(
            "no base image can be pulled, and only root can make one: "
            "set BASE_IMAGE to an image with Python 3.13 and venv, or run as root"
        )
    if shutil.which("debootstrap") is None:
        if shutil.which("apt-get") is None:
            raise ExpectedError("no base image can be pulled: set BASE_IMAGE, or install debootstrap")
        install(console, "debootstrap", "debian-archive-keyring")
    console.say(f"making {own} by debootstrap")
    with TemporaryDirectory() as scratch:
        tree = Path(scratch) / "debian"
        _bootstrap(tree)
        certificates: tuple[str, ...] = ()
        if _BUNDLE.exists():
            # Where a registry has a root certificate of its own, only the host knows it.
            shutil.copy(_BUNDLE, tree / _BUNDLE.relative_to("/"))
            certificates = tuple(f"ENV {name}={_BUNDLE}" for name in _CERTIFICATE_VARIABLES)
        docker.import_tree(tree, own, ("ENV LANG=C.UTF-8", *certificates))
    return own


def _bootstrap(tree: Path) -> None:
    made = subprocess.run((*_DEBOOTSTRAP, str(tree)), capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise ExpectedError(f"debootstrap failed: {(made.stderr or made.stdout).strip()[-2000:]}")
    for path in ("var/cache/apt/archives", "var/lib/apt/lists"):
        for file in (tree / path).glob("*.*"):
            file.unlink()
