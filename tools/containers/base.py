"""Images to start from: the official ones where they can be had, else ones made here from Debian packages.

What only builds something may start from a copy that also trusts what this machine trusts; no image that is
made of it may keep that.
"""

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
_DOCKERFILES = ROOT / "tools" / "containers"
_LOGS = ROOT / ".local" / "logs"
_DEBOOTSTRAP = ("debootstrap", "--variant=minbase", "--include=ca-certificates", "trixie")
# As Debian's own slim images.
_LEFT_OUT = ("doc", "info", "lintian", "locale", "man")


def python_base(docker: Docker, console: Console, environ: Mapping[str, str] = os.environ) -> str:
    """An image with Python 3.13 and its venv: BASE_IMAGE, else the official one, else one made here."""
    if named := environ.get("BASE_IMAGE"):
        return named
    own = f"{_OWN}:trixie-python3.13-{_recipe()}"
    if _official(docker, OFFICIAL_PYTHON, own, console):
        return OFFICIAL_PYTHON
    if not docker.has(own):
        base = _own_debian(docker, console, "BASE_IMAGE to an image with Python 3.13 and venv")
        console.say(f"making {own}")
        log = _LOGS / "image-base.log"
        with TemporaryDirectory() as nothing:
            docker.build(
                Build(own, Path(nothing), log, _DOCKERFILES / "python.Dockerfile", arguments={"BASE": base})
            )
    return own


def build_base(docker: Docker, base: str, environ: Mapping[str, str] = os.environ) -> str:
    """`base` with this machine's root certificates, for builder stages: an index may have one of its own."""
    bundle = host_certificates(environ)
    if bundle is None:
        return base
    if not docker.has(base):
        docker.pull(base)
    dockerfile = _DOCKERFILES / "certificates.Dockerfile"
    content = bundle.read_bytes() + dockerfile.read_bytes() + docker.image_id(base).encode()
    own = f"{_OWN}:build-{_digest(content)}"
    if not docker.has(own):
        with TemporaryDirectory() as context:
            shutil.copy(bundle, Path(context) / "host.crt")
            log = _LOGS / "image-build-base.log"
            docker.build(Build(own, Path(context), log, dockerfile, arguments={"BASE": base}))
    return own


def host_certificates(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The root certificates that this machine trusts: SSL_CERT_FILE, else the system's where it has them."""
    bundle = Path(environ.get("SSL_CERT_FILE") or _BUNDLE)
    return bundle if bundle.is_file() else None


def debian_base(docker: Docker, console: Console) -> str:
    """An image with Debian trixie: the official one, else one made here."""
    if _official(docker, OFFICIAL_DEBIAN, _own_debian_name(), console):
        return OFFICIAL_DEBIAN
    return _own_debian(docker, console, "NODE_IMAGE to an image that kind makes nodes from")


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
    """Differs when what is made here would."""
    return _digest(
        " ".join(_DEBOOTSTRAP + _LEFT_OUT).encode() + (_DOCKERFILES / "python.Dockerfile").read_bytes()
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _own_debian_name() -> str:
    return f"{_OWN}:trixie-{_recipe()}"


def _own_debian(docker: Docker, console: Console, instead: str) -> str:
    """Debian made here; `instead` is what to set where that cannot be."""
    own = _own_debian_name()
    if docker.has(own):
        return own
    if os.geteuid() != 0:
        raise ExpectedError(
            f"no base image can be pulled, and only root can make one: set {instead}, or run as root"
        )
    if shutil.which("debootstrap") is None:
        if shutil.which("apt-get") is None:
            raise ExpectedError(f"no base image can be pulled: set {instead}, or install debootstrap")
        install(console, "debootstrap", "debian-archive-keyring")
    console.say(f"making {own} by debootstrap")
    with TemporaryDirectory() as scratch:
        tree = Path(scratch) / "debian"
        _bootstrap(tree)
        docker.import_tree(tree, own, ("ENV LANG=C.UTF-8",))
    return own


def _bootstrap(tree: Path) -> None:
    made = subprocess.run((*_DEBOOTSTRAP, str(tree)), capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise ExpectedError(f"debootstrap failed: {(made.stderr or made.stdout).strip()[-2000:]}")
    for path in ("var/cache/apt/archives", "var/lib/apt/lists"):
        for file in (tree / path).glob("*.*"):
            file.unlink()
    for name in _LEFT_OUT:
        shutil.rmtree(tree / "usr" / "share" / name)
    # For packages that are installed later.
    rules = "".join(f"path-exclude /usr/share/{name}/*\n" for name in _LEFT_OUT)
    (tree / "etc" / "dpkg" / "dpkg.cfg.d" / "slim").write_text(rules)
