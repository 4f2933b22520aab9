"""The tools of the `finance` Agent: a worker offers them when `WORKER_MODULES` names this module."""

import random

import yaml  # not in the worker's own image: the Dockerfile installs it

from agents_worker import tool

# What else a model may call a bank.
NAMES = yaml.safe_load("""
European Central Bank: ECB
EZB: ECB
Federal Reserve: Fed
""")


@tool(idempotent=True)
def get_interest_rate(bank: str, year: int) -> str:
    """Look up the key interest rate of a central bank.

    Args:
        bank: Abbreviation of the central bank, such as ECB.
        year: The year in question.
    """
    # Made up anew on each call: an answer that has it can only come from here.
    return f"{random.uniform(0, 9):.6f} % ({NAMES.get(bank, bank)}, {year})"
