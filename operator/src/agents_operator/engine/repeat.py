"""What is done again and again, whatever became of it the last time."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta

from agents_operator.engine.outages import OUTAGES

Sweep = Callable[[], Coroutine[None, None, None]]


async def repeat(
    interval: timedelta, sweep: Sweep, logger: logging.Logger, failed: Callable[[], None] = lambda: None
) -> None:
    """Sweep with this pause before each time, until cancelled; `failed` hears of one that was cut short."""
    while True:
        await asyncio.sleep(interval.total_seconds())
        try:
            await sweep()
        except OUTAGES as error:
            failed()
            logger.warning("a sweep was cut short and will be repeated: %s", error)
        except Exception:
            # What one object provokes must not end the operator.
            failed()
            logger.exception("a sweep failed and will be repeated")
