"""What people want of a loop while it goes: the words they say to it, and that it stops."""

from collections.abc import Sequence

from pydantic import ValidationError
from temporalio import workflow

from agents_crds.contract.names import ADD_INPUT_UPDATE, STOP_SIGNAL, USER_INPUT_SIGNAL
from agents_crds.contract.run import LoopState, UserInput
from agents_crds.v1alpha1.limits import USER_INPUT_ID_LIMIT, USER_INPUT_LIMIT, USER_INPUT_TEXT_LIMIT

_AT_ONCE = 8
"""With results of the longest, that many inputs fit into a payload."""
_IDS = 256


class Control:
    """Written by a workflow's handlers and read by its loop; `state` is what an execution goes on with."""

    def __init__(self, state: LoopState | None, operator_queue: str | None = None) -> None:
        self.operator_queue = operator_queue
        """Where an operator is told at once that a person is asked; None where there is none."""
        self.stopped = False
        self.ended = False
        """Whether the loop is over, and hears nothing more."""
        self.inbox = state.inbox if state else ()
        self.telling = state.telling if state else ()
        """Ids of what the next model call tells the model."""
        self.told = state.told if state else ()

    def stop(self) -> None:
        """End the loop after the step in flight."""
        self.stopped = True

    def hear(self, said: UserInput) -> None:
        """Keep what a person said, once for each id, unless it is refused."""
        if self.refusal(said) is None and said.id not in self._known:
            self.inbox = (*self.inbox, said)

    def refusal(self, said: UserInput) -> str | None:
        """Say why something is not heard; None when it is, or was already."""
        if said.id in self._known:
            return None
        if not 0 < len(said.id) <= USER_INPUT_ID_LIMIT:
            return f"the id of an input has 1 to {USER_INPUT_ID_LIMIT} characters: choose another one"
        if not 0 < len(said.text) <= USER_INPUT_TEXT_LIMIT:
            return f"an input has 1 to {USER_INPUT_TEXT_LIMIT} characters: shorten it"
        if self.ended:
            return "the run is over and hears nothing more: start another one that continues it"
        if len(self.inbox) >= USER_INPUT_LIMIT:
            return f"{USER_INPUT_LIMIT} inputs wait for the model already: say it again later"
        return None

    def take(self, most: int = _AT_ONCE) -> tuple[UserInput, ...]:
        """Take the oldest words out of the inbox, for the next model call to tell."""
        taken, self.inbox = self.inbox[:most], self.inbox[most:]
        self.telling = (*self.telling, *(said.id for said in taken))
        return taken

    def was_told(self) -> None:
        """Note that the model was told what was taken."""
        self.told = (*self.told, *self.telling)[-_IDS:]
        self.telling = ()

    def onto(self, state: LoopState) -> LoopState:
        """Return the state with what a new execution must know of it."""
        update = {"inbox": self.inbox, "telling": self.telling, "told": self.told}
        return state.model_copy(update=update)

    @property
    def _known(self) -> frozenset[str]:
        return frozenset((*self.told, *self.telling, *(said.id for said in self.inbox)))


class Controlled:
    """A workflow that listens while its loop goes: the handlers of signals and of an update.

    Whoever may use Temporal can send a signal with whatever they like, and one whose handler fails hangs the
    workflow for ever: the handlers take anything.

    A subclass makes `control` in its `@workflow.init`, since signals may come before it runs.
    """

    control: Control

    @workflow.signal(name=USER_INPUT_SIGNAL)
    def user_input(self, *given: object) -> None:
        """Say something to the agent; without an answer, so that it works with no worker alive."""
        said = _input_of(given)
        if said is None:
            workflow.logger.warning("Ignored a signal %s: it takes an id and a text", USER_INPUT_SIGNAL)
        else:
            self.control.hear(said)

    @workflow.signal(name=STOP_SIGNAL)
    def stop(self, *_: object) -> None:
        """End the loop after the step in flight."""
        self.control.stop()

    @workflow.update(name=ADD_INPUT_UPDATE)
    def add_input(self, said: UserInput) -> None:
        """Say something to the agent, and know at once whether it is heard."""
        self.control.hear(said)

    @add_input.validator
    def _refuse(self, said: UserInput) -> None:
        refusal = self.control.refusal(said)
        if refusal is not None:
            raise ValueError(refusal)


def _input_of(given: Sequence[object]) -> UserInput | None:
    try:
        return UserInput.model_validate(given[0] if given else None)
    except ValidationError:
        return None
