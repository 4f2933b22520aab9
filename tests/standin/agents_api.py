"""The agents API: reads the request, changes the state, counts the change."""

from tests.standin import agents
from tests.standin.agents import Agent
from tests.standin.counters import AgentEffect
from tests.standin.errors import not_found
from tests.standin.ids import new_id
from tests.standin.models_api import require_known
from tests.standin.requests import (
    AgentFilter,
    AgentList,
    AgentPages,
    AliasSwitch,
    CreateAgent,
    OneAlias,
    OneVersion,
    UpdateAgent,
    VersionList,
    VersionSwitch,
)
from tests.standin.state import State
from tests.standin.wire import Call, Endpoint, Json, NoContent, Reply


class AgentsApi:
    """The routes under /v1/agents."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> tuple[Endpoint, ...]:
        """List the routes; a fixed path stands before the pattern that it would match."""
        one = "/v1/agents/{agent_id}"
        return (
            Endpoint("POST", "/v1/agents", self.create),
            Endpoint("GET", "/v1/agents", self.list),
            Endpoint("GET", "/v1/agents/pages", self.list_pages),
            Endpoint("GET", one, self.get),
            Endpoint("PATCH", one, self.update),
            Endpoint("DELETE", one, self.delete),
            Endpoint("PATCH", f"{one}/version", self.update_version),
            Endpoint("GET", f"{one}/versions", self.list_versions),
            Endpoint("GET", f"{one}/versions/{{version}}", self.get_version),
            Endpoint("PUT", f"{one}/aliases", self.put_alias),
            Endpoint("GET", f"{one}/aliases", self.list_aliases),
            Endpoint("DELETE", f"{one}/aliases", self.delete_alias),
        )

    def create(self, call: Call) -> Reply:
        """Make an agent at version 0."""
        request = call.parse_body(CreateAgent)
        require_known(self._state, request.model)
        return self._keep(agents.created(request, new_id("ag"), call.now), "created")

    def list(self, call: Call) -> Reply:
        """List agents as the deprecated bare array, newest first."""
        wanted = call.parse_query(AgentList)
        found = self._matching(wanted)[::-1]
        start = wanted.page * wanted.page_size
        return Json([agents.view(agent) for agent in found[start : start + wanted.page_size]])

    def list_pages(self, call: Call) -> Reply:
        """List agents page by page, oldest first."""
        wanted = call.parse_query(AgentPages)
        return Json(agents.page(self._matching(wanted), wanted.page_size, wanted.page_token))

    def get(self, call: Call) -> Reply:
        """Show an agent, at the version in force or the one asked for."""
        agent = self._existing(call)
        version = agents.existing_version(agent, call.parse_query(OneVersion).agent_version)
        return Json(agents.view(agent, version))

    def update(self, call: Call) -> Reply:
        """Add a version and put it in force, even when nothing differs."""
        agent = self._existing(call)
        request = call.parse_body(UpdateAgent)
        if request.model is not None:
            require_known(self._state, request.model)
        return self._keep(agents.updated(agent, request, call.now), "updated")

    def update_version(self, call: Call) -> Reply:
        """Put another version in force."""
        agent = self._existing(call)
        return self._keep(agents.switched(agent, call.parse_query(VersionSwitch).version), "switched")

    def list_versions(self, call: Call) -> Reply:
        """List an agent's versions, newest first."""
        agent = self._existing(call)
        wanted = call.parse_query(VersionList)
        start = wanted.page * wanted.page_size
        shown = agent.versions[::-1][start : start + wanted.page_size]
        return Json([agents.view(agent, version) for version in shown])

    def get_version(self, call: Call) -> Reply:
        """Show one version."""
        agent = self._existing(call)
        return Json(agents.view(agent, agents.existing_version(agent, call.params["version"])))

    def put_alias(self, call: Call) -> Reply:
        """Name a version, or move the name."""
        wanted = call.parse_query(AliasSwitch)
        agent = agents.aliased(self._existing(call), wanted.alias, wanted.version, call.now)
        self._state.put_agent(agent)
        return Json(next(alias for alias in agent.aliases if alias.alias == wanted.alias))

    def list_aliases(self, call: Call) -> Reply:
        """List the names of an agent's versions."""
        return Json(self._existing(call).aliases)

    def delete_alias(self, call: Call) -> Reply:
        """Take a name away."""
        agent = self._existing(call)
        self._state.put_agent(agents.unaliased(agent, call.parse_query(OneAlias).alias))
        return NoContent()

    def delete(self, call: Call) -> Reply:
        """Delete an agent with all its versions."""
        agent = self._existing(call)
        self._state.drop_agent(agent.id)
        self._state.tally.agent(agent.id, agent.current.name, "deleted")
        return NoContent()

    def _existing(self, call: Call) -> Agent:
        agent = self._state.agents.get(call.params["agent_id"])
        if agent is None:
            raise not_found("Agent", call.params["agent_id"])
        return agent

    def _matching(self, wanted: AgentFilter) -> tuple[Agent, ...]:
        return tuple(agent for agent in self._state.agents.values() if agents.matches(agent, wanted))

    def _keep(self, agent: Agent, effect: AgentEffect) -> Reply:
        self._state.put_agent(agent)
        self._state.tally.agent(agent.id, agent.current.name, effect)
        return Json(agents.view(agent))
