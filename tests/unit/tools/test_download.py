import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.console import Console
from tools.parts.catalog import Part, Releases
from tools.parts.download import DownloadError, Sites, download, machine, published_sum, release_of
from tools.parts.store import Store

RELEASES = Releases(kubernetes="1.34.4", etcd="3.6.4", go="1.24.0")
ON_LINUX = pytest.mark.skipif(not machine().startswith("linux-"), reason="releases are for Linux alone")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    directory = tmp_path / "published"
    directory.mkdir()
    return directory


@pytest.fixture
def sites(published: Path) -> Iterator[Sites]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(published))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    yield Sites(kubernetes=f"{base}/release", etcd=f"{base}/etcd", helm=f"{base}/helm", kind=f"{base}/kind")
    server.shutdown()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    directory = tmp_path / "store"
    directory.mkdir()
    return Store(directory)


def publish(root: Path, path: str, content: bytes) -> str:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def publish_kubectl(published: Path, *, checksum: str | None = None) -> None:
    path = f"release/v1.34.4/bin/linux/{machine().partition('-')[2]}/kubectl"
    right = publish(published, path, b"kubectl program")
    publish(published, f"{path}.sha256", (checksum or right).encode())


def packed(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def publish_etcd(published: Path) -> None:
    name = f"etcd-v3.6.4-{machine()}"
    checksum = publish(published, f"etcd/v3.6.4/{name}.tar.gz", packed(f"{name}/etcd", b"etcd program"))
    publish(published, "etcd/v3.6.4/SHA256SUMS", f"{checksum}  {name}.tar.gz\n".encode())


@ON_LINUX
def test_download_is_checked_and_can_be_run(published: Path, sites: Sites, store: Store) -> None:
    publish_kubectl(published)
    publish_etcd(published)
    download([Part.KUBECTL, Part.ETCD], RELEASES, store, Console(), sites=sites)
    assert (store.directory / "kubectl").read_bytes() == b"kubectl program"
    assert (store.directory / "etcd").read_bytes() == b"etcd program"
    assert (store.directory / "etcd").stat().st_mode & 0o111
    assert sorted(path.name for path in store.directory.iterdir()) == ["etcd", "kubectl"]


@ON_LINUX
def test_helm_and_kind_are_downloaded_as_they_publish_them(
    published: Path, sites: Sites, store: Store
) -> None:
    helm = f"helm-v{RELEASES.of(Part.HELM)}-{machine()}.tar.gz"
    checksum = publish(published, f"helm/{helm}", packed(f"{machine()}/helm", b"helm program"))
    publish(published, f"helm/{helm}.sha256sum", f"{checksum}  {helm}\n".encode())
    kind = f"kind/v{RELEASES.of(Part.KIND)}/kind-{machine()}"
    checksum = publish(published, kind, b"kind program")
    publish(published, f"{kind}.sha256sum", f"{checksum}  kind-{machine()}\n".encode())
    download([Part.HELM, Part.KIND], RELEASES, store, Console(), sites=sites)
    assert (store.directory / "helm").read_bytes() == b"helm program"
    assert (store.directory / "kind").read_bytes() == b"kind program"


@ON_LINUX
def test_file_with_another_checksum_is_not_kept(published: Path, sites: Sites, store: Store) -> None:
    publish_kubectl(published, checksum="0" * 64)
    with pytest.raises(DownloadError, match="SHA-256 of kubectl is not the published one"):
        download([Part.KUBECTL], RELEASES, store, Console(), sites=sites)
    assert store.get(Part.KUBECTL) is None


@ON_LINUX
def test_missing_release_is_told_by_its_host(sites: Sites, store: Store) -> None:
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1: .*404"):
        download([Part.KUBECTL], RELEASES, store, Console(), sites=sites)


@ON_LINUX
def test_refused_connection_fails_over_at_once(store: Store) -> None:
    sites = Sites(kubernetes="http://127.0.0.1:1/release")
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1"):
        download([Part.KUBECTL], RELEASES, store, Console(), sites=sites)


def test_page_in_place_of_a_checksum_is_not_one() -> None:
    with pytest.raises(DownloadError, match="no checksum"):
        published_sum("<html>Sign in to the network</html>", "kubectl")


def test_server_programs_are_published_for_linux_alone() -> None:
    release = release_of(Part.ETCD, RELEASES, "linux-arm64", Sites())
    assert release.url.endswith("/v3.6.4/etcd-v3.6.4-linux-arm64.tar.gz")
    with pytest.raises(DownloadError, match="no official release of kube-apiserver for darwin-arm64"):
        release_of(Part.APISERVER, RELEASES, "darwin-arm64", Sites())
