"""The tool of the `auditor` Agent, whose result is 5 MB."""

import random

from agents_worker import tool

_PAYMENTS = 140_000


@tool(idempotent=True)
def list_payments(year: int) -> str:
    """List all payments of a year, each on a line of its own.

    Args:
        year: The year in question.
    """
    # Made up anew on each call: an answer that has them can only come from here.
    return "\n".join(
        f"{year}-{random.randint(1, 12):02} payment {number} of {random.uniform(1, 9999):.2f} EUR"
        for number in range(_PAYMENTS)
    )
