"""A worker of your own, which also runs a report: `python worker.py INSTALLATION [NAMESPACE]`."""

import asyncio
import sys
import uuid

from reports import RateReport, ReportRequest
from temporalio.worker import Worker

from agents_worker import connect

QUEUE = "rate-reports"


async def main(installation: str, namespace: str = "default") -> None:
    """Serve the queue until the report is done, and print it."""
    client = await connect()  # by TEMPORAL_ADDRESS and DURABLE_AGENTS_PAYLOAD_STORE, as workers of a pool do
    request = ReportRequest(["ECB", "Fed", "BoE"], 2023, installation, namespace)
    async with Worker(client, task_queue=QUEUE, workflows=[RateReport]):
        report = await client.execute_workflow(
            RateReport.run, request, id=f"rate-report-{uuid.uuid4()}", task_queue=QUEUE
        )
    sys.stdout.write(f"{report}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
