"""A developer's workflow, in the image of a pool."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from agents_worker import AgentResult, run_agent


@workflow.defn
class ReadMeter:
    """Has an agent read a meter; on the pool's own queue it need not say which install is meant."""

    @workflow.run
    async def run(self, agent: str, text: str) -> AgentResult:
        return await run_agent(agent, text)
