"""What lines of the operator's log are about, where they are JSON; pure."""

from agents_crds.contract.run import RunReference
from agents_crds.telemetry.about import run_fields
from agents_crds.v1alpha1 import AgentRun
from agents_operator.engine.world import Key, World
from agents_operator.runs.traces import RunTrace


def object_fields(kind: str, key: Key, world: World) -> dict[str, str]:
    """Return the fields of lines that are written while an object is reconciled."""
    run = world.runs.get(key) if kind == "agentrun" else None
    about = {"kind": kind, "namespace": key.namespace, "name": key.name}
    return about if run is None else {**about, **about_run(run)}


def about_run(run: AgentRun) -> dict[str, str]:
    """Return the fields of lines about a run."""
    metadata = run.metadata
    reference = RunReference(namespace=metadata.namespace, name=metadata.name, uid=metadata.uid)
    return run_fields(reference, run.spec.agent_ref.name, str(RunTrace.of(metadata).run))
