"""The course of a run, as its history tells it step by step: no I/O."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from agents_crds.contract.asking import meanwhile
from agents_crds.contract.run import LoopInput, LoopResult, UserInput
from agents_crds.contract.transcript import TextPart, TranscriptCall
from agents_operator.temporal.happenings import (
    Began,
    Brought,
    Called,
    Ended,
    HandedOff,
    Happening,
    Heard,
    Ran,
    Said,
    Told,
    Trouble,
)
from agents_operator.temporal.messages import Answer, Entry, Loop, ModelRequest, ToolRequest, words


class Course:
    """A run as far as it was read; `at` is the time of what is read now."""

    def __init__(self) -> None:
        self.at = datetime.fromtimestamp(0, UTC)
        self.turn = 0
        self._tokens = 0
        self._began: datetime | None = None
        self._loop: LoopInput | None = None
        self._open: list[TranscriptCall] = []
        """Calls of the last answer that no activity carries out."""
        self._untold: list[UserInput] = []

    def begin(self, given: Loop) -> Sequence[Happening]:
        """Take up the start of an execution; only the first one is news."""
        loop = self._loop = given.loop
        if self._began is not None:
            return ()
        self._began = self.at
        if given.state is not None:
            self.turn, self._tokens = given.state.turns, given.state.usage.total_tokens
        text = loop.input or "\n".join(
            part.text
            for message in loop.messages
            for part in message.content
            if message.role == "user" and isinstance(part, TextPart)
        )
        return (Began(at=self.at, turn=self.turn, agent=loop.agent.name, text=text),)

    @property
    def asks_what_is_told(self) -> bool:
        """Whether the next model call tells something that was not seen yet."""
        return bool(self._open or self._untold)

    def ask(self, request: ModelRequest) -> Sequence[Happening]:
        """Take up what a model is told: results of what no activity carried out, and words of people."""
        results = {each.tool_call_id: each.text for each in request.results}
        results |= {each.call_id: each.text for each in request.messages if each.call_id}
        results |= dict.fromkeys(request.denials, "denied")
        brought = [
            Brought(at=self.at, turn=self.turn, tool=call.name, text=results[call.id])
            for call in self._open
            if call.id in results and call.name not in self._handoff_tools
        ]
        self._open.clear()
        texts = [
            *results.values(),
            *(words(each.content) or words(each.message) for each in request.messages),
        ]
        told = [said for said in self._untold if any(_tells(text, said) for text in texts)]
        self._untold = [said for said in self._untold if said not in told]
        return (*brought, *(Told(at=self.at, turn=self.turn, id=said.id) for said in told))

    def carry_out(self, request: ToolRequest) -> None:
        """Take up that an activity carries out a call."""
        mine = next((call for call in self._open if request.carries_out(call)), None)
        if mine is not None:
            self._open.remove(mine)

    def answered(self, floor: str, answer: Answer) -> Sequence[Happening]:
        """Take up a model's answer; `floor` is the agent that was called."""
        self.turn += 1
        self._tokens += answer.usage.total_tokens
        floor = floor or (self._loop.agent.name if self._loop else "")
        # A tool that died with its worker, or a stop, may have left some.
        self._open.clear()
        if answer.message is None:
            return tuple(self._entries(floor, answer.entries))
        said = answer.message
        text, agent = words(said.content), said.agent or floor
        spoke = (Said(at=self.at, turn=self.turn, agent=agent, text=text),) if text else ()
        return (*spoke, *(self._called(agent, call) for call in said.calls))

    def brought(self, request: ToolRequest, text: str, *, failed: bool = False) -> Happening:
        """Take up the end of a call."""
        return Brought(at=self.at, turn=self.turn, tool=request.name, text=text, failed=failed)

    def heard(self, said: UserInput) -> Sequence[Happening]:
        """Take up what a person said."""
        self._untold.append(said)
        return (Heard(at=self.at, turn=self.turn, id=said.id, text=said.text),)

    def trouble(self, text: str) -> Happening:
        """Tell of something that went wrong."""
        return Trouble(at=self.at, turn=self.turn, text=text)

    def end(self, reason: str, message: str, result: LoopResult | None = None) -> Happening:
        """Take up the end; without a result, the totals are what was read."""
        began = self._began or self.at
        return Ended(
            at=self.at,
            turn=result.turns if result else self.turn,
            reason=reason,
            message=message,
            tokens=result.usage.total_tokens if result else self._tokens,
            seconds=(self.at - began).total_seconds(),
        )

    def _entries(self, floor: str, entries: Sequence[Entry]) -> Iterator[Happening]:
        for entry in entries:
            agent = self._name(entry.agent_id) or floor
            match entry.type:
                case "message" if entry.text:
                    yield Said(at=self.at, turn=self.turn, agent=agent, text=entry.text)
                case "call" if entry.is_open:
                    call = TranscriptCall(id=entry.tool_call_id, name=entry.name, arguments=entry.arguments)
                    yield self._called(agent, call)
                case "call" | "execution":
                    yield Ran(
                        at=self.at, turn=self.turn, agent=agent, tool=entry.name, arguments=entry.arguments
                    )
                case "handoff":
                    before = self._name(entry.previous_id) or floor
                    # The provider's own calls before it need nothing of us.
                    self._open.clear()
                    floor = self._name(entry.next_id) or entry.next_name or entry.next_id
                    yield HandedOff(at=self.at, turn=self.turn, agent=before, to=floor)
                case _:
                    continue

    def _called(self, agent: str, call: TranscriptCall) -> Happening:
        self._open.append(call)
        if call.name in self._handoff_tools:
            return HandedOff(at=self.at, turn=self.turn, agent=agent, to=self._handoff_tools[call.name])
        return Called(at=self.at, turn=self.turn, agent=agent, tool=call.name, arguments=call.arguments)

    @property
    def _handoff_tools(self) -> dict[str, str]:
        """The tools by which agents of a Local session hand off, and to whom."""
        agents = (self._loop.agent, *self._loop.handoffs) if self._loop else ()
        return {
            target.tool: target.agent
            for agent in agents
            if agent.local is not None
            for target in agent.local.handoffs
        }

    def _name(self, remote_id: str) -> str:
        agents = (self._loop.agent, *self._loop.handoffs) if self._loop else ()
        return next((agent.name for agent in agents if remote_id and agent.remote_id == remote_id), "")


def _tells(text: str, said: UserInput) -> bool:
    # An answer may have notes behind it.
    return text == said.text or text.startswith(f"{said.text}\n\n[") or meanwhile(said.text) in text
