"""Tools of the workers under test; each call leaves a line in the file that `TOOL_LOG` names."""

import json
import os
import time
import uuid
from pathlib import Path

from agents_worker import tool


def _record(name: str, value: str) -> str:
    line = json.dumps({"tool": name, "value": value})
    with Path(os.environ["TOOL_LOG"]).open("a", encoding="utf-8") as log:
        log.write(line + "\n")
    return value


@tool(idempotent=True)
def read_meter(meter: str) -> str:
    """Read a meter.

    Args:
        meter: Name of the meter.
    """
    return _record("read_meter", f"{meter}-{uuid.uuid4()}")


@tool
def transfer_money(amount: int) -> str:
    """Transfer money, which takes a while and must not happen twice.

    Args:
        amount: Amount in euros.
    """
    value = _record("transfer_money", f"{amount}-{uuid.uuid4()}")
    gate = Path(os.environ["TOOL_LOG"] + ".gate")
    deadline = time.monotonic() + 60
    while gate.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return value
