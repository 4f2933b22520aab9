"""Tools for the tests of the worker."""

import asyncio
import os
import random
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

from temporalio import activity

from agents_worker import tool


@tool
async def get_rate(year: int) -> float:
    """Look up the interest rate of a year."""
    return 4.25 if year == 2023 else 0.5


@tool(idempotent=True)
async def closing_price(day: int) -> str:
    """Look up the price of a share at the end of a day."""
    return f"day {day}: {100 + day * 37 % 101}"


@tool(polling=True)
async def is_ready(job: int) -> bool:
    """Tell whether a job is ready, which it never is."""
    return job < 0


@tool
def meet(folder: str, name: str, others: int = 1) -> str:
    """Wait until others come."""
    place = Path(folder)
    (place / name).touch()
    while len(list(place.iterdir())) <= others:
        time.sleep(0.01)
    return f"{name} met {others}"


@tool
def where_am_i() -> str:
    """Tell the thread; beats, as a long activity would."""
    activity.heartbeat("here")
    return "main" if threading.current_thread() is threading.main_thread() else activity.info().activity_type


@tool
async def explode(word: str) -> str:
    """Fail."""
    raise LookupError(f"no {word} anywhere")


@tool
def leave() -> str:
    """Try to end the process."""
    raise SystemExit(3)


@tool
def noise(size: int) -> str:
    """Write a lot that cannot be made much smaller."""
    return random.Random(size).randbytes(size // 2).hex()


@tool
def novel(letters: int) -> str:
    """Write a lot."""
    return "é" * letters


@tool(timeout=timedelta(minutes=10))
async def hang(marker: str) -> str:
    """Note the call, then wait for a signal that never comes."""
    await asyncio.to_thread(_note, marker)
    await asyncio.Event().wait()
    return "never"


@tool(idempotent=True)
def kill_worker(marker: str, after: str) -> str:
    """Kill the process at the first call, once another tool has left its mark."""
    if not Path(marker).exists():
        Path(marker).touch()
        while not (Path(after).exists() and Path(after).read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


@tool
def finish_slowly(marker: str) -> str:
    """Start, and need a while."""
    Path(marker).touch()
    time.sleep(1)
    return "finished after all"


@activity.defn(name="plain_activity")
def plain(word: str) -> str:
    """Shout a word."""
    return word.upper()


def _note(marker: str) -> None:
    with Path(marker).open("a") as file:
        file.write("called\n")
