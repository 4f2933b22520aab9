"""helm against one cluster."""

import subprocess
from pathlib import Path

from tools.errors import ExpectedError

_TIMEOUT_SECONDS = 900  # above helm's own, which says more


class Helm:
    """Runs helm as the user of a kubeconfig."""

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self._program, self._kubeconfig = program, kubeconfig

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """What helm prints; raises ExpectedError with its complaint when it fails."""
        command = (str(self._program), f"--kubeconfig={self._kubeconfig}", *arguments)
        try:
            done = subprocess.run(
                command, input=stdin, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
            )
        except OSError as error:
            raise ExpectedError(f"cannot run helm: {error}; `make cluster` obtains it") from error
        except subprocess.TimeoutExpired as error:
            raise ExpectedError(f"helm {' '.join(arguments)}: no end after {_TIMEOUT_SECONDS}s") from error
        if done.returncode != 0:
            raise ExpectedError(f"helm {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
