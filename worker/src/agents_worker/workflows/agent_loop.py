"""The loop as a child of a user's own workflow, which takes its result instead of an operator."""

from temporalio import workflow

from agents_crds.contract.child import ChildLoop
from agents_crds.contract.names import AGENT_LOOP_WORKFLOW
from agents_crds.contract.run import LoopResult, LoopState
from agents_worker.workflows.control import Control, Controlled
from agents_worker.workflows.loop import first_state, run_loop
from agents_worker.workflows.progress import continue_as_new


@workflow.defn(name=AGENT_LOOP_WORKFLOW)
class AgentLoop(Controlled):
    """Runs the loop; it has a result however it ends, also when it is cancelled."""

    @workflow.init
    def __init__(self, child: ChildLoop) -> None:
        self.control = Control(child.state, None)

    @workflow.run
    async def run(self, child: ChildLoop) -> LoopResult:
        """Return how the loop ended, and what it brought, without its transcript."""
        result = await run_loop(child.loop, child.state or first_state(child.loop), self.control)
        if isinstance(result, LoopState):
            continue_as_new(child.model_copy(update={"state": result}))
        return result.model_copy(update={"transcript": ()})
