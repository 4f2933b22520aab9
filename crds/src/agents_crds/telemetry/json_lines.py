"""The lines of a log as JSON objects."""

import logging
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from agents_crds.telemetry.about import told

# What kopf puts beside the object that a line is about.
_KOPFS_OWN = ("settings", "k8s_skip")


class JsonLines(JsonFormatter):
    """Writes a record as one line: what it says, what it is about, and an exception in one field."""

    def __init__(self) -> None:
        super().__init__(
            ("levelname", "name", "message"),
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
            reserved_attrs=[*RESERVED_ATTRS, *_KOPFS_OWN],
            timestamp="time",
            json_ensure_ascii=False,
        )

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add what the line is about, unless the record knows better."""
        super().add_fields(log_data, record, message_dict)
        for name, value in told().items():
            log_data.setdefault(name, value)
