"""Where obtained parts are kept, for every clone of this user: filled atomically, one process at a time."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from tools.errors import ExpectedError
from tools.parts.catalog import GO_MODULE, MODULES, NPM_PACKAGE, NPM_PARTS, Part, Releases


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Where all that is obtained for this user is kept."""
    return Path(environ.get("XDG_CACHE_HOME") or Path(environ["HOME"]) / ".cache") / "durable-agents"


def store_directory(environ: Mapping[str, str], releases: Releases, part: Part) -> Path:
    """The folder of this version of `part`, built from these sources; all of Kubernetes shares one."""
    cache = cache_directory(environ)
    if part in NPM_PARTS:
        return cache / f"npm-{_digest(NPM_PACKAGE, ('package.json', 'package-lock.json'))}"
    match MODULES.get(part):
        case None:
            sources = _digest(GO_MODULE, ("go.mod", "go.sum", "main.go"))
            return cache / f"kubernetes-{releases.kubernetes}-etcd-{releases.etcd}-{sources}"
        case module if module.directory is not None:
            names = sorted(file.name for file in module.directory.iterdir())
            return cache / f"{part}-{module.version}-{_digest(module.directory, names)}"
        case module:
            return cache / f"{part}-{module.version}"


def _digest(directory: Path, names: Iterable[str]) -> str:
    sources = hashlib.sha256()
    for name in names:
        sources.update((directory / name).read_bytes())
    return sources.hexdigest()[:12]


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
