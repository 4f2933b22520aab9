"""Whether the WorkerPools that work for an Agent are in one Temporal; pure."""

from agents_crds.v1alpha1 import Agent
from agents_operator.engine.world import World
from agents_operator.temporal.places import connection_of, titled


def kept_apart(agent: Agent, other_pool: str, world: World) -> str:
    """Say that a pool works in another Temporal than the Agent's own does; empty when it does not.

    What is in one Temporal cannot be called from another. A pool that is not there is not told apart.
    """
    namespace, own_pool = agent.metadata.namespace, agent.spec.worker_pool_ref.name
    own, other = world.pools.named(namespace, own_pool), world.pools.named(namespace, other_pool)
    if own is None or other is None or connection_of(own) == connection_of(other):
        return ""
    return (
        f"whose WorkerPool {other_pool} works in {titled(connection_of(other))}, and this one's {own_pool} "
        f"in {titled(connection_of(own))}"
    )
