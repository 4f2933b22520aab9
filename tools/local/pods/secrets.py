"""Secrets as files: what a projected volume shows, kept in step with the Secrets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.local.pods.model import Key, Secret, SecretItem, SecretProjection


@dataclass(frozen=True)
class SecretFiles:
    """The files to show, and what a kubelet would wait for before it starts a container."""

    files: Mapping[str, bytes]
    missing: tuple[str, ...]


def desired_files(
    namespace: str, volumes: Mapping[str, tuple[SecretProjection, ...]], secrets: Mapping[Key, Secret]
) -> SecretFiles:
    """The files of all `volumes`, each in a directory; only what is not optional can be missing."""
    files: dict[str, bytes] = {}
    missing: list[str] = []
    shown = ((volume, projection) for volume, projections in volumes.items() for projection in projections)
    for volume, projection in shown:
        secret = secrets.get(Key(namespace, projection.name))
        absent = [] if secret else [f"Secret {projection.name}"]
        for item in _items(projection, secret) if secret else ():
            value = secret.value(item.key) if secret else None
            if value is None:
                absent.append(f"key {item.key} of Secret {projection.name}")
            else:
                files[f"{volume}/{item.path}"] = value
        if not projection.optional:
            missing += absent
    return SecretFiles(files, tuple(missing))


def _items(projection: SecretProjection, secret: Secret) -> tuple[SecretItem, ...]:
    return projection.items or tuple(SecretItem(key=key, path=key) for key in sorted(secret.data))


def observe_files(directory: Path) -> dict[str, bytes]:
    """The files that are there."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def apply_files(directory: Path, desired: Mapping[str, bytes]) -> list[str]:
    """Bring the directory to `desired`, each file in one step for its readers; return what changed."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    present = observe_files(directory)
    for path in present.keys() - desired.keys():
        (directory / path).unlink()
    changed = [path for path, value in desired.items() if present.get(path) != value]
    for path in changed:
        _write(directory / path, desired[path])
    return sorted([*changed, *(present.keys() - desired.keys())])


def _write(path: Path, value: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(value)
    fresh.replace(path)
