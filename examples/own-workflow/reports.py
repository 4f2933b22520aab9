"""A workflow of your own that runs Agents: it compares what several banks charged."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

    from agents_worker import AgentFailedError, run_agent


@dataclass
class ReportRequest:
    """What the workflow is started with."""

    banks: list[str]
    year: int
    installation: str
    """Id of the operator's install."""
    namespace: str = "default"
    """Where the Agent is."""


class Rate(BaseModel):
    """The Agent's answer, as its outputSchema has it."""

    bank: str
    year: int
    rate: float


@workflow.defn
class RateReport:
    """Asks the Agent `rate-finder` for each bank, all at once, and names the lowest rate."""

    @workflow.run
    async def run(self, request: ReportRequest) -> str:
        """Return a sentence; a bank whose rate cannot be found is left out."""
        rates = await asyncio.gather(*(self._rate(bank, request) for bank in request.banks))
        known = sorted((rate for rate in rates if rate is not None), key=lambda each: each.rate)
        if not known:
            return "No rate could be found"
        return f"{known[0].bank} had the lowest rate of {len(known)}: {known[0].rate} % in {request.year}"

    async def _rate(self, bank: str, request: ReportRequest) -> Rate | None:
        try:
            result = await run_agent(
                "rate-finder",
                f"What was the interest rate of the {bank} in {request.year}?",
                installation=request.installation,
                namespace=request.namespace,
                timeout=timedelta(minutes=2),
            )
        except AgentFailedError as error:
            workflow.logger.warning("No rate of %s: %s", bank, error.message)
            return None
        return Rate.model_validate_json(result.text)
