"""The agent's loop: model call, tool calls, model call, until an answer or a limit."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from temporalio import workflow

from agents_crds.contract.asking import asked_question
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import LoopInput, LoopResult, LoopState
from agents_crds.telemetry.about import begin_about, run_fields
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import FunctionCall, ModelAnswer
from agents_worker.text import clip
from agents_worker.workflows.calls import MOST_CALLS, call_tools
from agents_worker.workflows.control import Control
from agents_worker.workflows.ending import Finish, ended, failed, spent, stopped
from agents_worker.workflows.floor import floor_of
from agents_worker.workflows.hearing import NO_QUESTION, can_hear, heard, is_question, reply
from agents_worker.workflows.opening import open_or_call
from agents_worker.workflows.progress import quiet_for, tell_once, tell_step, telling_operator, telling_wait
from agents_worker.workflows.refusals import KeyFailed, ModelFailed, Refusal, Throttled, counted
from agents_worker.workflows.replies import one_too_many
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
from agents_worker.workflows.waiting import TOLD_FROM, key_failed, key_given_up, throttle_pause, throttled

_QUESTION_LIMIT = 4_000

Step = Literal["CallingModel", "CallingTools", "Waiting", "WaitingForInput"]


def first_state(loop: LoopInput) -> LoopState:
    """Return where a loop begins; its time starts now."""
    return LoopState(deadline=workflow.now() + loop.limits.timeout)


async def run_loop(loop: LoopInput, state: LoopState, control: Control) -> LoopResult | LoopState:
    """Go on from `state` until the loop ends; a LoopState is where a new execution has to go on.

    A cancellation ends the loop too, with a result that says so: whoever called it decides what follows.
    """
    begin_about(**run_fields(loop.run, loop.agent.name, loop.traceparent))
    result = await _to_end(_Course(loop, state, control))
    if isinstance(result, LoopState):
        return result
    control.ended = True
    return result.model_copy(update={"told": control.told})


async def _to_end(course: "_Course") -> LoopResult | LoopState:
    loop = course.loop
    try:
        return await _in_time(course)
    except TimeoutError:
        return ended(loop, course.state, Finish(Reason.TIMED_OUT, course.state.collected))
    except asyncio.CancelledError:
        return ended(loop, course.state, Finish(Reason.CANCELLED, course.state.collected))
    except workflow.NondeterminismError:
        raise
    # A run is pinned to its build: a task that fails on a bug of ours would fail for ever, with no outcome.
    except Exception as error:  # noqa: BLE001
        workflow.logger.exception("The loop failed")
        return failed(course.state, Reason.WORKFLOW_FAILED, f"{type(error).__name__}: {error}")


async def _in_time(course: "_Course") -> LoopResult | LoopState:
    """Go on to the end; raise a TimeoutError at the deadline.

    The one timer for it rings when a loop is no longer a short one as well, which tells then what it does.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + (course.state.deadline - workflow.now()).total_seconds()
    quiet = clock.time() + quiet_for(course.began).total_seconds()
    if not clock.time() < quiet < deadline:
        async with asyncio.timeout_at(deadline):
            return await course.to_end()
    async with asyncio.timeout(None) as limit:

        def ring() -> None:
            course.tell()
            limit.reschedule(deadline)

        timer = clock.call_at(quiet, ring)
        try:
            return await course.to_end()
        finally:
            timer.cancel()


class _Course:
    """A loop under way; `state` is what it got to, whatever stops it."""

    def __init__(self, loop: LoopInput, state: LoopState, control: Control) -> None:
        self.loop = loop
        self.state = state
        self._control = control
        self._doing = self._progress("CallingModel")

    @property
    def began(self) -> datetime:
        return self.state.deadline - self.loop.limits.timeout

    def tell(self) -> None:
        """Tell what the loop does, where it did not yet."""
        tell_once(self._doing)

    async def to_end(self) -> LoopResult | LoopState:
        while True:
            result = await self._step()
            if result is not None:
                return result
            if workflow.info().is_continue_as_new_suggested() and not self._control.stopped:
                state = carried(self.loop, self._control.onto(self.state))
                if state is not None:
                    return state

    async def _step(self) -> LoopResult | None:
        if self._control.stopped:
            return stopped(self.loop, self.state)
        if can_hear(self.state):
            self.state = heard(self.state, self._control.take())
        self._tell_step("CallingModel")
        return await self._follow(await open_or_call(self.loop, self.state))

    async def _follow(
        self, called: LoopState | ModelAnswer | Throttled | KeyFailed | ModelFailed
    ) -> LoopResult | None:
        if isinstance(called, Refusal):
            self.state = counted(self.state, called)
        match called:
            case LoopState() as opened:
                self.state = opened
            case ModelFailed(reason, message):
                return failed(self.state, reason, message)
            case Throttled(retry_after):
                pause = throttle_pause(self.state, retry_after, workflow.random().random())
                self.state = throttled(self.state)
                await self._pause(pause, "The provider limits the rate (429)", told=pause > TOLD_FROM)
            case KeyFailed(reason, message, wait):
                self.state = key_failed(self.state, workflow.now())
                if key_given_up(self.state, wait, workflow.now()):
                    return failed(self.state, reason, message)
                await self._pause(wait.interval, message, told=True)
            case ModelAnswer() as answer:
                self._control.was_told()
                return await self._take(answer)
        return None

    async def _take(self, answer: ModelAnswer) -> LoopResult | None:
        self.state = advanced(self.loop, self.state, answer)
        match next_step(self.loop, answer, self.state):
            case Finish() as finish:
                return None if self._is_spoken_to(finish) else ended(self.loop, self.state, finish)
            case Correct(message):
                self.state = corrected(self.state, message)
                return None
            case CallTools(calls):
                return stopped(self.loop, self.state) if self._control.stopped else await self._call(calls)

    def _is_spoken_to(self, finish: Finish) -> bool:
        """Tell whether people said more than the final answer answers."""
        return (
            finish.reason == Reason.SUCCEEDED
            and bool(self._control.inbox)
            and not self._control.stopped
            and spent(self.loop, self.state) is None
        )

    async def _call(self, calls: tuple[FunctionCall, ...]) -> LoopResult | None:
        texts = await self._carry_out(calls)
        self.state = after_calls(self.loop, self.state, calls, texts)
        finish = going_round(self.state, calls)
        return None if finish is None else ended(self.loop, self.state, finish)

    async def _carry_out(self, calls: tuple[FunctionCall, ...]) -> tuple[str, ...]:
        """Call the tools, all at once; then ask the questions, with nothing else in flight."""
        asks = [is_question(self.loop, self.state, call) for call in calls]
        others = tuple(call for call, asking in zip(calls, asks, strict=True) if not asking)
        if others:
            self._tell_step("CallingTools")
        results, number = iter(await call_tools(self.loop, self.state, others)), count(1)
        return tuple(
            [
                await self._ask(call, next(number)) if asking else next(results)
                for call, asking in zip(calls, asks, strict=True)
            ]
        )

    async def _ask(self, call: FunctionCall, number: int) -> str:
        """Return a person's answer to a turn's question of this number.

        Words that the model was not told yet are as good as one.
        """
        if number > MOST_CALLS:
            return one_too_many(call.name, MOST_CALLS)
        limit = self.loop.limits.wait_for_input
        question = asked_question(call.arguments)
        if limit is None or question is None:
            return NO_QUESTION
        control = self._control
        if not control.inbox and not control.stopped:
            asked = self._progress("WaitingForInput", clip(question, _QUESTION_LIMIT), limit)
            with self._telling_wait(asked), telling_operator(asked, control.operator_queue):
                await _until(
                    lambda: bool(control.inbox) or control.stopped, limit, "waiting for a person's answer"
                )
        return reply(control.take(1), limit, stopped=control.stopped)

    async def _pause(self, pause: timedelta, message: str, *, told: bool) -> None:
        """Wait, unless the loop is stopped."""
        if not told:
            await _until(lambda: self._control.stopped, pause, message)
            return
        with self._telling_wait(self._progress("Waiting", message, pause)):
            await _until(lambda: self._control.stopped, pause, message)

    def _tell_step(self, step: Step) -> None:
        self._doing = self._progress(step)
        tell_step(self._doing, self.began)

    def _telling_wait(self, progress: RunProgress) -> AbstractContextManager[None]:
        return telling_wait(progress, state_attribute=self.loop.state_attribute)

    def _progress(self, step: Step, message: str = "", wait: timedelta | None = None) -> RunProgress:
        until = None if wait is None else min(workflow.now() + wait, self.state.deadline)
        return RunProgress(
            step=step,
            agent=floor_of(self.loop, self.state),
            turns=self.state.turns,
            usage=self.state.usage,
            until=until,
            message=message,
            told=self._control.told,
        )


async def _until(condition: Callable[[], bool], longest: timedelta, summary: str) -> None:
    try:
        await workflow.wait_condition(condition, timeout=longest, timeout_summary=summary)
    except TimeoutError:
        return
