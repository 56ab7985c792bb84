"""One attempt of a step in a pod that exists: inputs in, program awaited, outputs out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.resolved import Outcome, ResolvedStep
from kfp_airflow.pods import helper, state
from kfp_airflow.pods.channel import Channel, ChannelBroken, ChannelRefused, Lines, Pace, Stream
from kfp_airflow.pods.logs import LogFollower
from kfp_airflow.pods.manifest import Exchange
from kfp_airflow.pods.reading import read_json
from kfp_airflow.pods.transfer import Collected, Member, collect, feed, members_of

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

log = logging.getLogger(__name__)

Result = TypeVar("Result")

DEADLINE_EXIT_CODE: Final = 143
"""The exit code of a program that its time limit ended before it had one of its own: SIGTERM's."""
TRANSFER_TRIES: Final = 4
_FIRST_TRY_S: Final = 0.6
"""When the helper is first tried: no pod is there earlier, and tries that must fail slow its start down."""
_FEEDING_POLL_S: Final = 1.0
"""How often the pod is read while its helper starts: the API takes long just then, and the next try waits for it."""
_QUICK_POLL_S: Final = 0.05
"""How soon the pod is read again when the program seems to have ended."""
_LONGEST_POLL_S: Final = 2.0
_LOG_END_S: Final = 10.0
_KEPT_S: Final = 45.0
"""How long the stream that brought the inputs is used for the outputs: proxies cut off what is silent for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long to wait, in seconds: for the start of the program, and between two looks at the pod."""

    startup_s: float
    poll_s: float = 0.2


@dataclass(frozen=True, slots=True)
class _Kept:
    """The stream that brought the inputs; the helper sends the outputs over it when they are there.

    `lines` has what it has said already; `since` when the program could begin.
    """

    stream: Stream
    lines: Lines
    since: float


class Attempt:
    """Runs a step in its pod. One use; the pod is neither created nor deleted here.

    `mark`: the line that ends the log of a wrapped program, which the follower of that log knows, too.
    """

    def __init__(
        self,
        core: CoreV1Api,
        channel: Channel,
        step: ResolvedStep,
        *,
        exchange: Exchange | None,
        waits: Waits,
        mark: str,
    ) -> None:
        self._core, self._channel, self._step = core, channel, step
        self._exchange, self._waits, self._mark = exchange, waits, mark
        self._name = self._namespace = ""
        self._pod: state.Pod = {}
        self._begun = time.monotonic()
        self._kept: _Kept | None = None

    def run(
        self, *, pod: str, namespace: str, inputs: Mapping[str, Path], work: Path, logs: list[LogFollower]
    ) -> Outcome:
        """Run the step to its end; the first of `logs`, if there is one, is that of `main`.

        Raises StepError where the program could not be run, PodLost where the pod is gone.
        """
        self._name, self._namespace = pod, namespace
        if self._exchange is not None:
            ended = self._feed(inputs)
            if ended is not None:
                return ended
        for follower in logs:
            follower.follow()
        try:
            return self._await_end(work, logs[0] if logs else None)
        finally:
            self._drop_kept()
            for follower in logs:
                follower.stop()

    def _feed(self, inputs: Mapping[str, Path]) -> Outcome | None:
        """Put the inputs into the pod; return an outcome where it ended before it took them."""
        exchange = self._exchange
        if exchange is None:
            return None
        members = members_of(self._step, inputs, wrapped=exchange.wrapped, mark=self._mark)
        pace, looked, broken = Pace(), time.monotonic(), 0
        time.sleep(_FIRST_TRY_S)
        while True:
            try:
                self._bring(exchange, members)
            except ChannelRefused as error:
                log.debug("The helper of pod %s is not ready: %s", self._name, error)
            except ChannelBroken as error:
                broken += 1
                if broken == TRANSFER_TRIES:
                    text = f"the inputs could not be brought into pod {self._name}: {error}"
                    raise StepError(f"{text}. Clear the task to try again") from error
            else:
                return None
            if time.monotonic() - looked >= _FEEDING_POLL_S:
                if (ended := self._look()) is not None:
                    return ended
                looked = time.monotonic()
            pace.wait()

    def _bring(self, exchange: Exchange, members: list[Member]) -> None:
        """Feed the helper; keep the stream where the same helper can send the outputs of a wrapped program over it."""
        keeps = exchange.wrapped and exchange.feeder == exchange.keeper and bool(self._step.outputs)
        program = helper.RECEIVE_AND_SEND if keeps else helper.RECEIVE
        stream = self._channel.open(exchange.feeder, helper.shell(program))
        try:
            lines = feed(stream, members)
        except BaseException:
            stream.close()
            raise
        if keeps:
            self._kept = _Kept(stream, lines, since=time.monotonic())
        else:
            stream.close()

    def _drop_kept(self) -> None:
        if self._kept is not None:
            self._kept.stream.close()
            self._kept = None

    def _await_end(self, work: Path, follower: LogFollower | None) -> Outcome:
        poll_s, tried = self._waits.poll_s, False
        while True:
            if follower is None or tried:
                time.sleep(poll_s)
            elif follower.ended.wait(poll_s):
                if (outcome := self._collect_early(work)) is not None:
                    follower.finish(_LOG_END_S)
                    return outcome
                poll_s, tried = _QUICK_POLL_S, True
            if (outcome := self._look()) is not None:
                return self._with_outputs(outcome, work, follower)
            poll_s = min(poll_s * 1.3, _LONGEST_POLL_S)
            if follower is not None and tried and poll_s > self._waits.poll_s and not follower.complete:
                follower.follow()  # the program still runs: its stream was cut, as proxies do
                tried = False

    def _collect_early(self, work: Path) -> Outcome | None:
        """Return the outcome of a wrapped program that left exit code 0; the API says so about a second later."""
        if self._exchange is None or not self._exchange.wrapped:
            return None
        try:
            collected = self._collect(work)
        except (ChannelRefused, ChannelBroken):
            return None
        return self._outcome(0, collected) if collected.exit_code == 0 else None

    def _look(self) -> Outcome | None:
        """Read the pod; return the outcome, without outputs, of a program that has ended.

        Raises StepError and PodLost for a pod that will not run it.
        """
        self._pod = pod = self._read()
        limit = pod.get("spec", {}).get("activeDeadlineSeconds")
        if state.exceeded_deadline(pod):
            code = (state.main_end(pod) or {}).get("exitCode") or DEADLINE_EXIT_CODE
            message = f"the step exceeded its time limit of {limit} s and was ended"
            return Outcome(exit_code=code, message=f"{message}; {state.describe_pod(pod)}")
        if (init := state.failed_init(pod)) is not None:
            end = init["state"]["terminated"]
            message = (
                f"init container '{init['name']}' ended with exit code {end['exitCode']} ({end.get('reason', 'Error')})"
            )
            return Outcome(exit_code=end["exitCode"], message=f"{message}; {state.describe_pod(pod)}")
        state.check_alive(pod)
        problem = None if state.has_started(pod) and state.main_end(pod) is None else state.start_problem(pod)
        if problem is not None and problem.permanent:
            raise problem.as_error(f"pod {self._name} in namespace {self._namespace} did not start")
        if (end := state.main_end(pod)) is not None:
            code = int(end.get("exitCode", 1))
            return Outcome(exit_code=code, message=state.describe_end(pod, code) if code else "")
        self._check_started(problem)
        return None

    def _check_started(self, problem: state.StartProblem | None) -> None:
        if state.has_started(self._pod) or state.init_runs(self._pod):
            self._begun = time.monotonic()
        elif time.monotonic() - self._begun > self._waits.startup_s:
            problem = problem or state.StartProblem(state.describe_pod(self._pod))
            advice = replace(problem, text=f"{problem.text}. [kfp_airflow] startup_timeout allows more")
            pod = f"pod {self._name} in namespace {self._namespace}"
            raise advice.as_error(f"{pod} did not start within {self._waits.startup_s:.0f} s")

    def _read(self) -> state.Pod:
        from kubernetes.client.exceptions import ApiException

        whose = f"pod {self._name} in namespace {self._namespace}"
        try:
            pod: state.Pod = read_json(
                self._core.read_namespaced_pod,
                self._name,
                self._namespace,
                what=f"pod {self._name}",
                patience_s=self._waits.startup_s,
            )
        except ApiException as error:
            raise state.PodLost(f"{whose} was deleted while the step ran") from error
        return pod

    def _with_outputs(self, outcome: Outcome, work: Path, follower: LogFollower | None) -> Outcome:
        """Return the outcome with the outputs that are there, of failed programs too (DP-01)."""
        if follower is not None:
            follower.finish(_LOG_END_S)
        if self._exchange is None or not self._step.outputs or not state.has_started(self._pod):
            return outcome
        last: Exception | None = None
        for _ in range(TRANSFER_TRIES):
            try:
                return self._outcome(outcome.exit_code, self._collect(work), outcome.message)
            except (ChannelRefused, ChannelBroken) as error:
                last = error
                time.sleep(self._waits.poll_s)
        if outcome.exit_code:
            log.warning("The outputs of the failed program could not be read: %s", last)
            return outcome
        state.check_alive(self._read())
        raise StepError(f"the outputs could not be read out of pod {self._name}: {last}") from last

    def _collect(self, work: Path) -> Collected:
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                if time.monotonic() - kept.since < _KEPT_S:
                    return collect(kept.lines, self._step, work)
            except (ChannelRefused, ChannelBroken) as error:
                log.debug("The stream of pod %s is gone: %s", self._name, error)
            finally:
                kept.stream.close()
        keeper = self._exchange.keeper if self._exchange is not None else helper.HELPER
        return self._with_stream(keeper, helper.SEND, lambda stream: collect(Lines(stream), self._step, work))

    def _outcome(self, exit_code: int, collected: Collected, message: str = "") -> Outcome:
        for name, why in collected.refused.items():
            path = next(output.path for output in self._step.outputs if output.name == name)
            text = f"output '{name}' ({path}) could not be read: {why}"
            if exit_code == 0:
                raise StepError(f"the program succeeded, and its {text}")
            log.warning("The program's %s", text)
        return Outcome(exit_code=exit_code, message=message, outputs=collected.outputs)

    def _with_stream(self, container: str, program: str, use: Callable[[Stream], Result]) -> Result:
        stream = self._channel.open(container, helper.shell(program))
        try:
            return use(stream)
        finally:
            stream.close()
