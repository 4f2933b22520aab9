"""A program that speaks to one API server as the user of a kubeconfig."""

import subprocess
from pathlib import Path
from typing import ClassVar

from tools.errors import ExpectedError


class ClusterProgram:
    """Runs it; a command may take so many `seconds`, and the make target `obtained_by` gets the program."""

    seconds: ClassVar[int]
    obtained_by: ClassVar[str]

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self._program, self._kubeconfig = program, kubeconfig

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The whole command line."""
        return (str(self._program), f"--kubeconfig={self._kubeconfig}", *arguments)

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """What it prints; raises ExpectedError with its complaint when it fails."""
        name = self._program.name
        line = f"{name} {' '.join(arguments)}"
        try:
            done = subprocess.run(
                self.command(*arguments),
                input=stdin,
                capture_output=True,
                text=True,
                timeout=self.seconds,
                check=False,
            )
        except OSError as error:
            raise ExpectedError(f"cannot run {name}: {error}; `{self.obtained_by}` obtains it") from error
        except subprocess.TimeoutExpired as error:
            raise ExpectedError(f"{line}: no end after {self.seconds}s") from error
        if done.returncode != 0:
            raise ExpectedError(f"{line}: {done.stderr.strip()}")
        return done.stdout
