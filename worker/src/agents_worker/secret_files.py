"""Secrets, as files that the pod mounts; read for each use, since they may be rotated."""

from pathlib import Path, PurePosixPath


class SecretUnreadableError(Exception):
    """The file is not there, or is none of ours; the message says what to put right."""


def read_secret(secrets_dir: Path, secret_path: str) -> str:
    """Return the text at `SECRET/KEY` below the directory; raise SecretUnreadableError."""
    path = PurePosixPath(secret_path)
    if path.is_absolute() or ".." in path.parts:
        raise SecretUnreadableError(f"{path} is not a path below the secrets directory")
    try:
        return (secrets_dir / path).read_text(errors="replace")
    except OSError as error:
        raise SecretUnreadableError(
            f"The Secret {path.parent} with the key {path.name} is not there: create it"
        ) from error
