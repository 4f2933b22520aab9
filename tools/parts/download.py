"""The official releases: download sites of Kubernetes and Helm, releases on GitHub; with checked sums."""

import hashlib
import platform
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from tools.console import Console
from tools.parts.catalog import Part, Releases
from tools.parts.progress import Progress
from tools.parts.store import Store

_TIMEOUT = httpx2.Timeout(30, connect=4)
_CHUNK_BYTES = 1 << 20
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class DownloadError(Exception):
    """The release cannot be had here; the message says why in a few words."""


@dataclass(frozen=True)
class Sites:
    """Where releases are published."""

    kubernetes: str = "https://dl.k8s.io/release"
    etcd: str = "https://github.com/etcd-io/etcd/releases/download"
    helm: str = "https://get.helm.sh"
    kind: str = "https://github.com/kubernetes-sigs/kind/releases/download"


@dataclass(frozen=True)
class Release:
    """One published file, where its SHA-256 is published, and the member to take when it is an archive."""

    url: str
    sums: str
    member: str | None = None


def machine() -> str:
    """This machine as releases name it: `linux-amd64`."""
    architecture = platform.machine().lower()
    return f"{platform.system().lower()}-{_ARCHITECTURES.get(architecture, architecture)}"


def release_of(part: Part, releases: Releases, machine: str, sites: Sites) -> Release:
    """Where `part` is published for `machine`. Servers are published for Linux alone."""
    system, _, architecture = machine.partition("-")
    systems = {"linux", "darwin"} if part in {Part.HELM, Part.KIND} else {"linux"}
    if system not in systems or architecture not in _ARCHITECTURES.values():
        raise DownloadError(f"no official release of {part} for {machine}")
    match part:
        case Part.ETCD:
            base, name = f"{sites.etcd}/v{releases.etcd}", f"etcd-v{releases.etcd}-{machine}"
            return Release(f"{base}/{name}.tar.gz", f"{base}/SHA256SUMS", f"{name}/etcd")
        case Part.HELM:
            url = f"{sites.helm}/helm-v{releases.of(part)}-{machine}.tar.gz"
            return Release(url, f"{url}.sha256sum", f"{machine}/helm")
        case Part.KIND:
            url = f"{sites.kind}/v{releases.of(part)}/kind-{machine}"
            return Release(url, f"{url}.sha256sum")
        case Part.APISERVER | Part.CONTROLLER_MANAGER | Part.KUBECTL:
            url = f"{sites.kubernetes}/v{releases.kubernetes}/bin/{system}/{architecture}/{part}"
            return Release(url, f"{url}.sha256")
        case (
            Part.KUBE
            | Part.COREDNS
            | Part.PROVISIONER
            | Part.MCP_SERVER_EVERYTHING
            | Part.GITOPS_HEALTH
            | Part.PROMETHEUS
            | Part.PROMTOOL
        ):
            raise DownloadError(f"{part} is always built")


def published_sum(text: str, file_name: str) -> str:
    """The SHA-256 of `file_name` in a list of sums, or in a file that holds one sum alone."""
    for line in text.splitlines():
        match re.fullmatch(r"([0-9a-f]{64})(?: [ *](\S+))?", line.strip()):
            case re.Match() as found if found[2] in {None, file_name}:
                return str(found[1])
    raise DownloadError(f"no checksum is published for {file_name}")


def download(
    parts: list[Part], releases: Releases, store: Store, console: Console, *, sites: Sites | None = None
) -> None:
    """Fill `store` with `parts`; raises DownloadError on the first that cannot be had."""
    wanted = [(part, release_of(part, releases, machine(), sites or Sites())) for part in parts]
    with (
        httpx2.Client(timeout=_TIMEOUT, follow_redirects=True) as client,
        TemporaryDirectory(dir=store.directory) as scratch,
    ):
        for part, release in wanted:
            try:
                program = _fetch(client, part, release, Path(scratch), console)
            except httpx2.HTTPError as error:
                host = httpx2.URL(release.url).host
                raise DownloadError(f"{host}: {str(error) or type(error).__name__}") from error
            store.put(part, program)
            console.say(f"downloaded {part} {releases.of(part)}, checksum right")


def _fetch(client: httpx2.Client, part: Part, release: Release, scratch: Path, console: Console) -> Path:
    name = release.url.rpartition("/")[2]
    expected = published_sum(client.get(release.sums).raise_for_status().text, name)
    path, digest, size = scratch / name, hashlib.sha256(), 0
    progress = Progress(console, lambda time: f"downloading {part}: {time}, {size >> 20} MB", interval=5)
    with client.stream("GET", release.url) as response, path.open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_bytes(_CHUNK_BYTES):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            progress.tick()
    if digest.hexdigest() != expected:
        raise DownloadError(f"the SHA-256 of {name} is not the published one")
    return path if release.member is None else _extract(path, release.member, scratch)


def _extract(archive: Path, member: str, scratch: Path) -> Path:
    with tarfile.open(archive) as opened:
        try:
            opened.extract(member, scratch, filter="data")
        except KeyError as error:
            raise DownloadError(f"{archive.name} holds no {member}") from error
    return scratch / member
