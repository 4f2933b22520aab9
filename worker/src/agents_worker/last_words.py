"""What a worker leaves in its termination message: why it ended, for the conditions of its pool.

https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

import posixpath
import traceback
from pathlib import Path

from agents_crds.contract.connection import TemporalVariablesError
from agents_crds.contract.environment import TERMINATION_LOG
from agents_crds.telemetry.asked import TracingVariablesError
from agents_worker.pages import PortTakenError
from agents_worker.settings import SettingsError
from agents_worker.tools.errors import ToolDefinitionError

_LONGEST = 500


def last_words(error: Exception) -> str:
    """Say in one sentence why the worker ends, with no text but our own: another may hold secrets.

    It is the same at each end for the same reason, so that only the first one is news.
    """
    match error:
        case ToolDefinitionError():
            return f"the tools cannot be offered: {error}"
        case SettingsError() | TemporalVariablesError() | TracingVariablesError():
            return f"the environment is not what a worker needs: {error}"
        case PortTakenError():
            return str(error)
        case _:
            return f"the worker failed: {type(error).__name__}{_place(error)}; the log has the whole of it"


def is_explained(error: Exception) -> bool:
    """Tell whether the last words say all there is to know."""
    cause = error.__cause__
    match error:
        case ToolDefinitionError():
            return cause is None or isinstance(cause, (ImportError, SyntaxError))
        case SettingsError() | TemporalVariablesError() | TracingVariablesError() | PortTakenError():
            return True
        case _:
            return False


def leave(words: str, file: str | None) -> None:
    """Write them where the kubelet looks; outside a pod there is no such file, and nothing happens."""
    path = Path(file or TERMINATION_LOG)
    if path.exists():
        path.write_text(words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…")


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f", {posixpath.basename(frames[-1].filename)} line {frames[-1].lineno}" if frames else ""
