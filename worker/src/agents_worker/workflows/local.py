"""A Local session's model call: what it is sent, and what its answer means to the loop."""

from agents_crds.contract.run import AgentSnapshot, LoopInput, LoopState
from agents_crds.contract.transcript import LocalAgent, SaidMessage, TranscriptMessage
from agents_worker.chat_messages import ChatAnswer, ChatRequest, words_of
from agents_worker.messages import Message, ModelAnswer
from agents_worker.workflows.floor import agents_of, floor_of
from agents_worker.workflows.handing_over import calls_of
from agents_worker.workflows.transcript import delivered
from agents_worker.workflows.turn import first_words


def speaker(loop: LoopInput, state: LoopState) -> AgentSnapshot:
    """Return the agent that has the floor."""
    return next((each for each in agents_of(loop) if each.name == floor_of(loop, state)), loop.agent)


def definition(agent: AgentSnapshot) -> LocalAgent:
    """Return what an agent is; an operator that knows the session always tells."""
    return agent.local or LocalAgent(model="")


def pending(loop: LoopInput, state: LoopState) -> tuple[TranscriptMessage, ...]:
    """Return what the next model call adds to the transcript."""
    is_first = not state.transcript and not state.opened
    words = first_words(loop) if is_first else ()
    return (*(SaidMessage(message=message) for message in words), *delivered(state))


def begun(loop: LoopInput, state: LoopState) -> LoopState:
    """Take what a run begins with into its transcript, where it is too long to be told as it is."""
    if state.transcript:
        return state
    return state.model_copy(update={"transcript": pending(loop, state), "say": ()})


def request_of(loop: LoopInput, state: LoopState, messages: tuple[TranscriptMessage, ...]) -> ChatRequest:
    """Ask the agent that has the floor to go on."""
    agent = speaker(loop, state)
    return ChatRequest(
        provider=agent.provider,
        name=agent.name,
        agent=definition(agent),
        messages=messages,
        # Whoever answers in the end, it is the agent that was asked whose schema was promised.
        output_schema=loop.agent.output_schema,
        forgotten=state.forgotten,
    )


def answer_of(
    loop: LoopInput, state: LoopState, messages: tuple[TranscriptMessage, ...], chat: ChatAnswer
) -> ModelAnswer:
    """Read the answer to `messages` as the loop reads those of a Remote session."""
    words = words_of(chat.message.content)
    said = (Message(text=words),) if words else ()
    return ModelAnswer(
        conversation_id=None,
        entries=(*said, *calls_of(loop, speaker(loop, state), chat.message.calls)),
        usage=chat.usage,
        has_store=chat.has_store,
        transcript=(*messages, chat.message),
        repeated=chat.repeated,
        model=chat.model,
    )
