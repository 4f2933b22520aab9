"""The agent's loop: model call, tool calls, model call, until an answer or a limit."""

import asyncio

from temporalio import workflow

from agents_crds.contract.run import LoopInput, LoopResult, LoopState
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import FunctionCall, ModelAnswer
from agents_worker.workflows.calls import KeyFailed, ModelFailed, Throttled, call_model, call_tools
from agents_worker.workflows.ending import Finish, ended, failed
from agents_worker.workflows.turn import (
    CallTools,
    Correct,
    advanced,
    after_calls,
    carried,
    corrected,
    going_round,
    next_step,
)
from agents_worker.workflows.waiting import key_failed, key_given_up, throttle_pause, throttled


def first_state(loop: LoopInput) -> LoopState:
    """Return where a loop begins; its time starts now."""
    return LoopState(deadline=workflow.now() + loop.limits.timeout)


async def run_loop(loop: LoopInput, state: LoopState) -> LoopResult | LoopState:
    """Go on from `state` until the loop ends; a LoopState is where a new execution has to go on.

    A cancellation ends the loop too, with a result that says so: whoever called it decides what follows.
    """
    progress = _Progress(loop, state)
    try:
        async with asyncio.timeout((state.deadline - workflow.now()).total_seconds()):
            return await progress.to_end()
    except TimeoutError:
        return ended(loop, progress.state, Finish(Reason.TIMED_OUT, progress.state.collected))
    except asyncio.CancelledError:
        return ended(loop, progress.state, Finish(Reason.CANCELLED, progress.state.collected))
    except workflow.NondeterminismError:
        raise
    # A run is pinned to its build: a task that fails on a bug of ours would fail for ever, with no outcome.
    except Exception as error:  # noqa: BLE001
        workflow.logger.exception("The loop failed")
        return failed(progress.state, Reason.WORKFLOW_FAILED, f"{type(error).__name__}: {error}")


class _Progress:
    """A loop under way; `state` is what it got to, whatever stops it."""

    def __init__(self, loop: LoopInput, state: LoopState) -> None:
        self._loop = loop
        self.state = state

    async def to_end(self) -> LoopResult | LoopState:
        while True:
            result = await self._step()
            if result is not None:
                return result
            if workflow.info().is_continue_as_new_suggested():
                state = carried(self._loop, self.state)
                if state is not None:
                    return state

    async def _step(self) -> LoopResult | None:
        match await call_model(self._loop, self.state):
            case ModelFailed(reason, message):
                return failed(self.state, reason, message)
            case Throttled(retry_after):
                pause = throttle_pause(self.state, retry_after, workflow.random().random())
                self.state = throttled(self.state)
                await workflow.sleep(pause, summary="waiting out a 429")
            case KeyFailed(reason, message, wait):
                self.state = key_failed(self.state, workflow.now())
                if key_given_up(self.state, wait, workflow.now()):
                    return failed(self.state, reason, message)
                await workflow.sleep(wait.interval, summary=f"waiting for the key: {reason}")
            case ModelAnswer() as answer:
                return await self._take(answer)
        return None

    async def _take(self, answer: ModelAnswer) -> LoopResult | None:
        self.state = advanced(self._loop, self.state, answer)
        match next_step(self._loop, answer, self.state):
            case Finish() as finish:
                return ended(self._loop, self.state, finish)
            case Correct(message):
                self.state = corrected(self.state, message)
                return None
            case CallTools(calls):
                return await self._call(calls)

    async def _call(self, calls: tuple[FunctionCall, ...]) -> LoopResult | None:
        texts = await call_tools(self._loop, self.state, calls)
        self.state = after_calls(self._loop, self.state, calls, texts)
        finish = going_round(self.state, calls)
        return None if finish is None else ended(self._loop, self.state, finish)
