"""The tools of the `finance` Agent: a worker offers them when `WORKER_MODULES` names this module."""

import random

from agents_worker import tool


@tool(idempotent=True)
def get_interest_rate(bank: str, year: int) -> str:
    """Look up the key interest rate of a central bank.

    Args:
        bank: Abbreviation of the central bank, such as ECB.
        year: The year in question.
    """
    # Made up anew on each call: an answer that has it can only come from here.
    return f"{random.uniform(0, 9):.6f} % ({bank}, {year})"
