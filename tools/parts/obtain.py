"""Obtains every part: from the machine, from what was obtained before, by download, by a build."""

import os
from collections.abc import Mapping
from pathlib import Path

from tools.console import Console
from tools.parts.build import build
from tools.parts.catalog import GO_MODULE, ROOT, Part, Parts, Releases, releases
from tools.parts.choice import choose, observe
from tools.parts.download import DownloadError, download
from tools.parts.store import Store, replace_link, store_directory


def obtain(console: Console, environ: Mapping[str, str] = os.environ) -> Parts:
    """Every part, ready to run; also linked in `.local/bin`. Quick unless something has to be fetched."""
    wanted = releases((GO_MODULE / "go.mod").read_text())
    choice = choose(observe(environ), wanted)
    store = Store(store_directory(environ, wanted))
    missing = [part for part in Part if part not in choice.use and store.get(part) is None]
    if missing:
        for line in choice.passed_over:
            console.say(f"not used: {line}")
        _fill(missing, wanted, store, environ, console)
    paths = {part: choice.use.get(part) or store.directory / part for part in Part}
    _link(paths, ROOT / ".local" / "bin")
    return Parts(
        etcd=paths[Part.ETCD],
        apiserver=paths[Part.APISERVER],
        controller_manager=paths[Part.CONTROLLER_MANAGER],
        kubectl=paths[Part.KUBECTL],
    )


def _fill(
    missing: list[Part], wanted: Releases, store: Store, environ: Mapping[str, str], console: Console
) -> None:
    console.say(f"obtaining {', '.join(missing)}")
    with store.locked(lambda: console.say("another process is obtaining them: waiting for it")):
        missing = [part for part in missing if store.get(part) is None]
        if not missing:
            return
        try:
            download(missing, wanted, store, console)
        except DownloadError as error:
            console.say(f"no official download here ({error})")
            build(wanted, store, environ, console)


def _link(paths: Mapping[Part, Path], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for part, path in paths.items():
        replace_link(directory / part, path)
