"""The conversations API: reads the request, lets the model answer, keeps and counts what happened."""

from datetime import datetime

from tests.standin import conversations
from tests.standin.agents import existing_version, has_metadata
from tests.standin.answering import Surroundings, answer
from tests.standin.conversations import Conversation, ConversationResponse, Overrides, Speaker
from tests.standin.counters import ConversationEffect
from tests.standin.entries import ForeignEntry, Inputs
from tests.standin.errors import invalid_request, not_found
from tests.standin.ids import new_id, stamped
from tests.standin.models_api import require_known
from tests.standin.requests import (
    AppendConversation,
    ConversationList,
    RestartConversation,
    StartConversation,
    ToolConfirmation,
)
from tests.standin.state import State
from tests.standin.streaming import to_events
from tests.standin.tools import CompletionArgs
from tests.standin.wire import Call, Endpoint, Json, NoContent, Reply, Stream


class ConversationsApi:
    """The routes under /v1/conversations."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> tuple[Endpoint, ...]:
        """List the routes."""
        one, key = "/v1/conversations/{conversation_id}", "conversation_id"
        return (
            Endpoint("POST", "/v1/conversations", self.start, model_call=True),
            Endpoint("GET", "/v1/conversations", self.list),
            Endpoint("POST", one, self.append, model_call=True, locks=key),
            Endpoint("POST", f"{one}/restart", self.restart, model_call=True),
            Endpoint("GET", one, self.get),
            Endpoint("GET", f"{one}/history", self.history),
            Endpoint("GET", f"{one}/messages", self.messages),
            Endpoint("DELETE", one, self.delete, locks=key),
        )

    def start(self, call: Call) -> Reply:
        """Open a conversation and answer its first inputs."""
        request = call.parse_body(StartConversation)
        speaker = self._speaker(request)
        conversation = Conversation(
            id=new_id("conv"),
            created_at=call.now,
            updated_at=call.now,
            opened_with=speaker,
            speaker=speaker,
            name=request.name,
            description=request.description,
            metadata=request.metadata,
            overrides=Overrides(
                instructions=request.instructions,
                tools=request.tools,
                completion_args=request.completion_args,
                guardrails=request.guardrails,
            ),
        )
        store = request.store is not False
        response = self._answer(conversation, request.inputs, None, call, "created", store=store)
        return _reply(response, call.now, stream=request.stream)

    def append(self, call: Call) -> Reply:
        """Take in results or messages and answer them."""
        conversation = self._existing(call)
        request = call.parse_body(AppendConversation)
        response = self._answer(
            conversation,
            request.inputs,
            request.completion_args,
            call,
            "appends",
            store=request.store,
            confirmations=request.tool_confirmations or (),
        )
        return _reply(response, call.now, stream=request.stream)

    def restart(self, call: Call) -> Reply:
        """Open a conversation that shares another's entries up to one of them."""
        origin = self._existing(call)
        request = call.parse_body(RestartConversation)
        changes = {
            "id": new_id("conv"),
            "created_at": call.now,
            "updated_at": call.now,
            "metadata": request.metadata,
            "entries": conversations.cut_after(origin, request.from_entry_id),
            "speaker": origin.opened_with.model_copy(update={"agent_version": request.agent_version}),
        }
        branch = origin.model_copy(update=changes)
        response = self._answer(
            branch, request.inputs, request.completion_args, call, "restarts", store=request.store
        )
        return _reply(response, call.now, stream=request.stream)

    def list(self, call: Call) -> Reply:
        """List conversations without their entries, newest first."""
        wanted = call.parse_query(ConversationList)
        newest_first = reversed(self._state.conversations.values())
        found = [known for known in newest_first if has_metadata(known.metadata, wanted.metadata)]
        start = wanted.page * wanted.page_size
        return Json([conversations.view(known) for known in found[start : start + wanted.page_size]])

    def get(self, call: Call) -> Reply:
        """Show a conversation without its entries."""
        return Json(conversations.view(self._existing(call)))

    def history(self, call: Call) -> Reply:
        """Show every entry of a conversation."""
        return Json(conversations.history(self._existing(call)))

    def messages(self, call: Call) -> Reply:
        """Show a conversation's messages."""
        return Json(conversations.messages(self._existing(call)))

    def delete(self, call: Call) -> Reply:
        """Delete a conversation."""
        conversation = self._existing(call)
        self._state.drop_conversation(conversation.id)
        agent_id = conversation.opened_with.agent_id
        self._state.tally.conversation(conversation.id, agent_id, "deleted")
        return NoContent()

    def _existing(self, call: Call) -> Conversation:
        conversation = self._state.conversations.get(call.params["conversation_id"])
        if conversation is None:
            raise not_found("Conversation", call.params["conversation_id"])
        return conversation

    def _speaker(self, request: StartConversation) -> Speaker:
        """Find who answers. Refuses with 400 or 404."""
        if (request.agent_id is None) == (request.model is None):
            raise invalid_request("Exactly one of agent_id and model must be given")
        if request.model is not None:
            require_known(self._state, request.model)
            return Speaker(model=request.model)
        agent = self._state.agents.get(request.agent_id or "")
        if agent is None:
            raise not_found("Agent", request.agent_id or "")
        existing_version(agent, request.agent_version)
        return Speaker(agent_id=agent.id, agent_version=request.agent_version)

    def _answer(
        self,
        conversation: Conversation,
        inputs: Inputs,
        completion: CompletionArgs | None,
        call: Call,
        effect: ConversationEffect,
        *,
        store: bool,
        confirmations: tuple[ToolConfirmation, ...] = (),
    ) -> ConversationResponse:
        """Answer `inputs` and keep both; nothing is kept when they are refused."""
        given = conversations.as_entries(inputs)
        refused = conversations.refusal(conversation.entries, given, confirmations)
        if refused is not None:
            raise refused
        taken_in = tuple(stamped(entry, call.now) for entry in given)
        allowed = conversations.allowed_calls(conversation.entries, confirmations)
        kept = conversations.confirmed(conversation.entries, confirmations)
        asked = conversation.model_copy(update={"entries": (*kept, *taken_in)})
        state = self._state
        around = Surroundings(state.agents, state.scenario, state.world, call.now)
        said = answer(asked, allowed, completion, around)
        outputs = (*said.outputs, *_foreign(call))
        changes = {
            "entries": (*asked.entries, *outputs),
            "openings": (*asked.openings, *said.openings),
            "speaker": said.speaker,
            "updated_at": call.now,
        }
        if store:
            state.put_conversation(asked.model_copy(update=changes))
        state.tally.conversation(conversation.id, conversation.opened_with.agent_id, effect)
        state.tally.turn(conversation.id, (*taken_in, *outputs), confirmations, said.usage)
        return ConversationResponse(conversation_id=conversation.id, outputs=outputs, usage=said.usage)


def _foreign(call: Call) -> tuple[ForeignEntry, ...]:
    if not call.add_unknown_entry:
        return ()
    note = "an entry of a type that came after the SDK"
    return (ForeignEntry(id=new_id("reflection"), created_at=call.now, note=note),)


def _reply(response: ConversationResponse, now: datetime, *, stream: bool) -> Reply:
    return Stream(to_events(response, now)) if stream else Json(response)
