"""Where a run is in a trace; pure."""

from dataclasses import dataclass, replace
from typing import Self

from agents_crds.telemetry.context import TraceContext
from agents_crds.v1alpha1 import ObjectMeta


@dataclass(frozen=True)
class RunTrace:
    """The places of a run's own spans, which whoever knows the run derives alike."""

    caller: TraceContext | None
    """The place that its annotation `traceparent` names; None where it begins a trace of its own."""
    run: TraceContext
    """From the creation of the AgentRun to its end."""
    loop: TraceContext
    """From the start of the workflow to its end; what the workflow does is told below it."""

    @classmethod
    def of(cls, metadata: ObjectMeta) -> Self:
        """Find the run's places.

        The id of its own trace is the uid without dashes, so that whoever knows the object finds it.
        """
        uid = metadata.uid
        caller = TraceContext.read(metadata.annotations.traceparent)
        run = caller.child(uid, "run") if caller is not None else TraceContext.own(uid)
        return cls(caller, run, run.child(uid, "loop"))

    def sampled(self, *, is_sampled: bool) -> Self:
        """Return the same with the decision whether anything of it is told."""
        flags = "01" if is_sampled else "00"
        run, loop = (replace(place, flags=flags) for place in (self.run, self.loop))
        return replace(self, run=run, loop=loop)


def traceparent(metadata: ObjectMeta) -> str:
    """Return the place that a run is in where nobody tells of the run itself."""
    trace = RunTrace.of(metadata)
    return str(trace.caller or trace.run)
