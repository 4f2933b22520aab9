"""Where obtained parts are kept, for every clone of this user: filled atomically, one process at a time."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tools.errors import ExpectedError
from tools.parts.catalog import GO_MODULE, Part, Releases


def store_directory(environ: Mapping[str, str], releases: Releases) -> Path:
    """The folder of these versions built from these sources."""
    cache = Path(environ.get("XDG_CACHE_HOME") or Path(environ["HOME"]) / ".cache")
    sources = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        sources.update((GO_MODULE / name).read_bytes())
    version = f"kubernetes-{releases.kubernetes}-etcd-{releases.etcd}-{sources.hexdigest()[:12]}"
    return cache / "durable-agents" / version


class Store:
    """A folder of parts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def get(self, part: Part) -> Path | None:
        """The part, when it is here."""
        path = self.directory / part
        return path if path.exists() else None

    @contextlib.contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Let no other process fill the store; call `waiting` once when another does."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = (self.directory / "lock").open("a")
        except OSError as error:
            raise ExpectedError(f"cannot write {self.directory}: {error}; set XDG_CACHE_HOME") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def put(self, part: Part, content: Path) -> None:
        """Move the file `content`, on the same file system, to its place."""
        content.chmod(0o755)
        content.replace(self.directory / part)

    def link(self, part: Part, program: str) -> None:
        """Make `part` another name of `program`, which is in this folder."""
        replace_link(self.directory / part, Path(program))


def replace_link(link: Path, target: Path) -> None:
    """Point `link` at `target`, in one step for those who read it."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
