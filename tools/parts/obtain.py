"""Obtains parts: from the machine, from what was obtained before, by download, by a build."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.console import Console
from tools.parts.build import build
from tools.parts.catalog import ALWAYS_BUILT, GO_MODULE, ROOT, Group, Part, Parts, Releases, releases
from tools.parts.choice import choose, observe
from tools.parts.download import DownloadError, download
from tools.parts.store import Store, replace_link, store_directory

_LINKS = ROOT / ".local" / "bin"


def obtain(console: Console, environ: Mapping[str, str] = os.environ) -> Parts:
    """The parts of the local platform, ready to run. Quick unless something has to be fetched."""
    paths = obtain_parts(Group.LOCAL.parts, console, environ)
    return Parts(
        etcd=paths[Part.ETCD],
        apiserver=paths[Part.APISERVER],
        controller_manager=paths[Part.CONTROLLER_MANAGER],
        kubectl=paths[Part.KUBECTL],
    )


def obtain_parts(
    parts: Iterable[Part], console: Console, environ: Mapping[str, str] = os.environ
) -> Mapping[Part, Path]:
    """Each of `parts`, ready to run; also linked in `.local/bin`, but for what only a node image holds."""
    wanted, versions = tuple(parts), releases((GO_MODULE / "go.mod").read_text())
    sought = (part for part in wanted if part not in ALWAYS_BUILT)
    choice = choose(observe(sought, environ, _LINKS), versions)
    stores = {part: Store(store_directory(environ, versions, part)) for part in wanted}
    missing = [part for part in wanted if part not in choice.use and stores[part].get(part) is None]
    if missing:
        for line in choice.passed_over:
            console.say(f"not used: {line}")
    for directory in dict.fromkeys(stores[part].directory for part in missing):
        together = [part for part in missing if stores[part].directory == directory]
        _fill(together, versions, Store(directory), environ, console)
    paths = {part: choice.use.get(part) or stores[part].directory / part for part in wanted}
    _link({part: path for part, path in paths.items() if part not in Group.NODE.parts})
    return paths


def _fill(
    missing: list[Part], wanted: Releases, store: Store, environ: Mapping[str, str], console: Console
) -> None:
    console.say(f"obtaining {', '.join(missing)}")
    with store.locked(lambda: console.say("another process is obtaining them: waiting for it")):
        missing = [part for part in missing if store.get(part) is None]
        if not missing:
            return
        try:
            download([part for part in missing if part not in ALWAYS_BUILT], wanted, store, console)
        except DownloadError as error:
            console.say(f"no official download here ({error})")
        for part in missing:
            if store.get(part) is None:
                build(part, wanted, store, environ, console)


def _link(paths: Mapping[Part, Path]) -> None:
    _LINKS.mkdir(parents=True, exist_ok=True)
    for part, path in paths.items():
        replace_link(_LINKS / part, path)
