"""How a process writes its log: lines of text for people, or JSON objects for a collector of logs."""

import logging
import sys
import threading
from enum import StrEnum
from types import TracebackType
from typing import Self

from temporalio import activity, workflow
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig

_TEXT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"


class LogFormat(StrEnum):
    """How lines are written."""

    TEXT = "text"
    JSON = "json"

    @classmethod
    def of(cls, told: str | None) -> Self:
        """Read what a process is told; anything but `json` is text."""
        return cls.JSON if told == cls.JSON else cls.TEXT


def set_up_logging(form: LogFormat, level: int | str) -> None:
    """Let this process write its log to stderr, all of it in the same form."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_TEXT))
    logging.basicConfig(level=level, handlers=[handler])
    if form is LogFormat.JSON:
        from agents_crds.telemetry.json_lines import JsonLines  # noqa: PLC0415  # few logs are of this form

        handler.setFormatter(JsonLines())
        logging.captureWarnings(capture=True)
        # Python would write these as lines of text.
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda uncaught: _log_uncaught(
            uncaught.exc_type, uncaught.exc_value, uncaught.exc_traceback
        )
        # They are fields of the record as well.
        activity.logger.activity_info_on_message = False
        workflow.logger.workflow_info_on_message = False


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, where: TracebackType | None
) -> None:
    known = (kind, error or kind(), where)
    logging.getLogger("agents_crds.telemetry").critical("an error was not caught", exc_info=known)


def set_up_core(form: LogFormat) -> None:
    """Let Temporal's own core write its log like this; to be called before the first client is made."""
    if form is LogFormat.JSON:
        Runtime.set_default(unmeasured_core(form))


def unmeasured_core(form: LogFormat) -> Runtime:
    """Return a core of Temporal's that writes its log like this and keeps no metrics."""
    return Runtime(telemetry=TelemetryConfig(logging=core_logging(form)))


def core_logging(form: LogFormat) -> LoggingConfig:
    """Say how Temporal's own core writes its log, which goes past Python's where lines are text."""
    known = LoggingConfig.default
    if form is LogFormat.TEXT:
        return known
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"), append_target_to_name=False)
    return LoggingConfig(filter=known.filter, forwarding=forwarding)
