"""Run in the operator's pod: how often the activities of the workflows on a task queue were attempted.

Writes a JSON object: for each activity type how many there were, how many attempts they took, and why they
were made again.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, field

from temporalio.client import Client

from agents_crds.contract.connection import TemporalAccess


@dataclass
class Attempts:
    """Those of all activities of a type."""

    activities: int = 0
    attempts: int = 0
    failures: list[str] = field(default_factory=list)


async def count_attempts(client: Client, queue: str) -> dict[str, Attempts]:
    """Read the history of every workflow on the queue."""
    found: defaultdict[str, Attempts] = defaultdict(Attempts)
    async for execution in client.list_workflows(f"TaskQueue = '{queue}'"):
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        types: dict[int, str] = {}
        for event in (await handle.fetch_history()).events:
            if event.HasField("activity_task_scheduled_event_attributes"):
                types[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
            elif event.HasField("activity_task_started_event_attributes"):
                started = event.activity_task_started_event_attributes
                counts = found[types[started.scheduled_event_id]]
                counts.activities += 1
                counts.attempts += started.attempt
                if started.attempt > 1:
                    at = event.event_time.ToDatetime().time().isoformat("seconds")
                    counts.failures.append(f"{at} {started.identity}: {started.last_failure.message}")
    return found


async def main(queue: str) -> None:
    """Connect as the operator does, and write what was found."""
    client = await TemporalAccess.of_environment(os.environ).connect()
    found = await count_attempts(client, queue)
    sys.stdout.write(json.dumps({activity: asdict(counts) for activity, counts in found.items()}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
