"""kubectl against one API server."""

import subprocess
from pathlib import Path

from tools.errors import ExpectedError

_TIMEOUT_SECONDS = 300


class Kubectl:
    """Runs kubectl as the user of a kubeconfig."""

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self._program, self._kubeconfig = program, kubeconfig

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The whole command line."""
        return (str(self._program), f"--kubeconfig={self._kubeconfig}", *arguments)

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints; raises ExpectedError with its complaint when it fails."""
        command = self.command(*arguments)
        try:
            done = subprocess.run(
                command, input=stdin, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
            )
        except OSError as error:
            raise ExpectedError(f"cannot run kubectl: {error}; run `make up`, which obtains it") from error
        except subprocess.TimeoutExpired as error:
            raise ExpectedError(f"kubectl {' '.join(arguments)}: no end after {_TIMEOUT_SECONDS}s") from error
        if done.returncode != 0:
            raise ExpectedError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, manifests: str) -> None:
        """Bring the cluster to `manifests`, YAML documents, whoever owned their fields before."""
        self("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=manifests)


def agents(kubectl: Kubectl) -> list[str]:
    """Every Agent, as namespace/name."""
    columns = "--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}"
    return kubectl("get", "agents", "--all-namespaces", columns).split()
