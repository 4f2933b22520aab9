"""Tools that tell what they do by OpenTelemetry's own API, and in the log."""

import logging

from opentelemetry import trace

from agents_worker import tool

_log = logging.getLogger("telling_tools")


@tool
def weigh(item: str) -> str:
    """Weigh an item.

    Args:
        item: What to weigh.
    """
    with trace.get_tracer("telling-tools").start_as_current_span("weighing"):
        _log.info("weighing %s", item)
        return f"{item} weighs 7 kg"
