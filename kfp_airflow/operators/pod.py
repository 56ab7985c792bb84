"""Steps as pods: the life of a step on KubernetesPodOperator's machinery."""

from __future__ import annotations

import difflib
import inspect
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow.providers.cncf.kubernetes.callbacks import ExecutionMode
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import BaseOperator
from typing_extensions import override

from kfp_airflow import config
from kfp_airflow.artifacts.store import Store
from kfp_airflow.diagnostics import StepError, UsageError
from kfp_airflow.graph.model import ContainerStep, Settings
from kfp_airflow.graph.resolved import Outcome, ResolvedStep
from kfp_airflow.operators.limits import Limits, SharedLimit
from kfp_airflow.operators.placement import Placement
from kfp_airflow.operators.step import StepLife
from kfp_airflow.operators.values import RunValues
from kfp_airflow.pods.attempt import Attempt, Waits
from kfp_airflow.pods.channel import ExecChannel
from kfp_airflow.pods.helper import HELPER, new_mark
from kfp_airflow.pods.logs import LogFollower
from kfp_airflow.pods.manifest import MAIN, Exchange, Manifest, build_pod, check_quantities, exchange_of
from kfp_airflow.pods.slots import Slots, gated
from kfp_airflow.pods.transfer import release
from kfp_airflow.version_compat import pod_defaults

if TYPE_CHECKING:
    from airflow.sdk import Context
    from kubernetes.client import V1Pod
    from kubernetes.client.exceptions import ApiException

POD_NAME: Final = "kfp_pod_name"
"""The context's entry with the pod's name, where the caller has chosen it: what `{{pod.name}}` stands for."""
QUOTA_LOOK_S: Final = 2.0
"""How often a pod that a quota has refused is tried again."""
_DEFAULTS: Final[Mapping[str, Any]] = {
    "deferrable": False,  # [operators] default_deferrable does not reach steps: see _REFUSED
    **pod_defaults(),
    "startup_check_interval_seconds": 0.2,
    "on_finish_action": "delete_succeeded_pod",
    "log_pod_spec_on_failure": False,
    "container_name_log_prefix_enabled": False,
}
_DEFAULT_CONNECTION: Final = "kubernetes_default"
_OWN: Final = frozenset({"image", "cmds", "arguments", "name", "random_name_suffix", "base_container_name"})
_REFUSED: Final[Mapping[str, str]] = {
    **dict.fromkeys(_OWN, "every step has its own"),
    "deferrable": "a step's files travel while its pod is there, and the triggerer does not carry them",
    "durable": "every attempt runs in a pod of its own, for nobody reads the outputs of one that was cut off",
    "reattach_on_restart": "every attempt runs in a pod of its own",
    "do_xcom_push": "a step's outputs are its XComs",
    "skip_on_exit_code": "a step of KFP that ends with an exit code other than 0 has failed",
}


class PodStepOperator(StepLife, KubernetesPodOperator):
    """Runs a container step as a pod.

    Everything about the pod is resolved in `execute`; nothing here is a template, so that no value is ever rendered.
    `operator_args` are KubernetesPodOperator's (and BaseOperator's); what the step says itself comes before them.
    """

    BASE_CONTAINER_NAME = MAIN
    template_fields = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {}
    ui_color = "#e8f0fe"

    def __init__(self, *, step: ContainerStep, settings: Settings, placement: Placement, **operator_args: Any) -> None:
        _check_arguments(operator_args)
        super().__init__(**{**_DEFAULTS, **operator_args})
        self.step = step
        self.settings = settings
        self.placement = placement
        self._own_startup_timeout = "startup_timeout_seconds" in operator_args

    @override
    def execute(self, context: Context) -> None:
        StepLife.execute(self, context)

    @override
    def end_attempt(self) -> None:
        """Delete the pod, as `on_kill_action` and `termination_grace_period` say."""
        KubernetesPodOperator.on_kill(self)

    @override
    def run_attempt(
        self, step: ResolvedStep, *, limits: Limits, inputs: Mapping[str, Path], work: Path, context: Context
    ) -> Outcome:
        """Create the step's pod, run the step in it, and delete it as `on_finish_action` says.

        Raises StepError where the pod could not be made or did not start, PodLost where somebody else ended it.
        """
        check_quantities(step)
        exchange = exchange_of(step)
        outcome: Outcome | None = None
        try:
            pod = self._build(self.bounded(step, limits), limits.shared, context)
            if limits.shared is None:
                self._create(pod, lambda: self.bounded(step, limits), context)
            else:
                self._create_in_turn(pod, lambda: self.bounded(step, limits), limits.shared, context)
            outcome = self._follow(step, exchange, inputs=inputs, work=work)
            return outcome
        finally:
            self._clean_up(outcome, exchange, context)

    def _build(self, step: ResolvedStep, shared: SharedLimit | None, context: Context) -> V1Pod:
        """Build the pod as KubernetesPodOperator does."""
        self._prepare(step, shared, context)
        with self._refusals_told():
            self.pod_request_obj = pod = self.build_pod_request_obj(context)
        self._call_back("on_pod_manifest_created", context, pod_request=pod)
        return pod

    def _create(self, pod: V1Pod, bounded: Callable[[], ResolvedStep], context: Context) -> None:
        """Create the pod. KubernetesPodOperator's own `create_pod` writes a refused one, with all values, to the log.

        `bounded` is the step with the time that is left to it; it raises where the wait for a quota has to end.
        """
        with self._refusals_told(pod):
            created = self._post(pod, bounded)
        self.pod = self.remote_pod = created
        self.log.info("Pod %s in namespace %s", created.metadata.name, created.metadata.namespace)
        self._call_back("on_pod_creation", context, pod=created)
        if self.told_to_end:  # while the cluster answered
            self.end_attempt()

    def _create_in_turn(
        self, pod: V1Pod, bounded: Callable[[], ResolvedStep], shared: SharedLimit, context: Context
    ) -> None:
        """Create the pod when few enough steps run of all that share the limit, and let it begin."""
        slots = Slots(
            self.client,
            namespace=pod.metadata.namespace,
            run=shared.run,
            slots=shared.steps,
            may_wait=bounded,
            patience_s=self._startup_s,
        )
        while True:
            slots.await_room()
            self._create(pod, bounded, context)
            if slots.begin(self._pod_address[0]):
                return
            self._delete()
            self.pod = self.remote_pod = None

    @contextmanager
    def _refusals_told(self, pod: V1Pod | None = None) -> Iterator[None]:
        """Let what the cluster, or the way to it, refuses be a StepError that says what to do."""
        from kubernetes.client.exceptions import ApiException
        from kubernetes.config.config_exception import ConfigException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ConfigException as error:
            raise StepError(f"no cluster is known: {error}. Set the connection '{self.kubernetes_conn_id}'") from error
        except HTTPError as error:
            host = self.client.api_client.configuration.host
            advice = f"Check the connection '{self.kubernetes_conn_id}'"
            raise StepError(f"the cluster at {host} cannot be reached: {error}. {advice}") from error
        except ApiException as error:
            raise _refused(error, pod, self.client.api_client.configuration.host) from error

    def _prepare(self, step: ResolvedStep, shared: SharedLimit | None, context: Context) -> None:
        """Set what KubernetesPodOperator reads when it builds the pod."""
        self.name = str(context.get(POD_NAME) or _attempt_name(self.placement, context))
        self.random_name_suffix = False
        self.image = step.container.image
        self.namespace = self.namespace or config.get("namespace") or None
        self.service_account_name = self.service_account_name or config.get("service_account") or None
        if self.kubernetes_conn_id == _DEFAULT_CONNECTION:
            self.kubernetes_conn_id = config.get("kubernetes_conn_id")
        completion = _Completion(step, self.settings, shared, config.get("helper_image"))
        # `secrets` are attached after the template is merged and before labels and `pod_mutation_hook`: the one place
        # where a subclass can complete a pod that cluster policy still gets to see.
        self.secrets = [*self.secrets, completion]  # type: ignore[list-item] # it has the one method that is called

    def _post(self, pod: V1Pod, bounded: Callable[[], ResolvedStep]) -> V1Pod:
        """Create the pod, as soon as the namespace's quotas have room for it (as KFP does), or `_startup_s` is over."""
        from kubernetes.client.exceptions import ApiException

        begun, told = time.monotonic(), False
        while True:
            if (left_s := bounded().timeout_s) is not None:
                pod.spec.active_deadline_seconds = min(left_s, pod.spec.active_deadline_seconds or left_s)
            try:
                return self.client.create_namespaced_pod(namespace=pod.metadata.namespace, body=pod)
            except ApiException as error:
                if error.status == HTTPStatus.CONFLICT:
                    # One of that name is there: of an attempt that was cut off, or a run that was begun anew.
                    pod.metadata.name = f"{pod.metadata.name[:54]}-{secrets.token_hex(4)}"
                    continue
                if not _exceeds_quota(error) or time.monotonic() - begun > self._startup_s:
                    raise
                if not told:
                    self.log.info("Waiting, for a quota has no room: %s", _reason(error))
                    told = True
            time.sleep(QUOTA_LOOK_S)

    @property
    def _startup_s(self) -> int:
        return self.startup_timeout_seconds if self._own_startup_timeout else config.get_int("startup_timeout")

    def _follow(
        self, step: ResolvedStep, exchange: Exchange | None, *, inputs: Mapping[str, Path], work: Path
    ) -> Outcome:
        pod, namespace = self._pod_address
        channel = ExecChannel(self.client.api_client, pod=pod, namespace=namespace)
        waits = Waits(startup_s=self._startup_s, poll_s=self.startup_check_interval_seconds)
        mark = new_mark()
        attempt = Attempt(self.client, channel, step, exchange=exchange, waits=waits, mark=mark)
        logs = self._followers(step, pod, namespace, mark=mark)
        return attempt.run(pod=pod, namespace=namespace, inputs=inputs, work=work, logs=logs)

    def _followers(self, step: ResolvedStep, pod: str, namespace: str, *, mark: str) -> list[LogFollower]:
        """Return what follows the logs: `main` first, then what `container_logs` and `init_container_logs` name.

        `mark` ends the log of `main` where its program is wrapped.
        """
        if not self.get_logs:
            return []
        chosen = _names(self.container_logs, [MAIN, *(one.name for one in step.sidecars)])
        chosen += _names(self.init_container_logs, [one.name for one in step.init_containers])
        names = [MAIN, *(name for name in dict.fromkeys(chosen) if name != MAIN)]
        writers = {name: self._line_writer(name, alone=len(names) == 1) for name in names}
        return [
            LogFollower(
                self.client,
                pod=pod,
                namespace=namespace,
                container=name,
                write=write,
                mark=mark if name == MAIN else "",
            )
            for name, write in writers.items()
        ]

    @property
    def _pod_address(self) -> tuple[str, str]:
        """Return the pod's name and namespace."""
        if self.pod is None:
            raise StepError("there is no pod")
        return self.pod.metadata.name, self.pod.metadata.namespace

    def _line_writer(self, container: str, *, alone: bool) -> Callable[[str], None]:
        def write(line: str) -> None:
            if self.log_formatter is not None:
                line = self.log_formatter(container, line)
            elif self.container_name_log_prefix_enabled or not alone:
                line = f"[{container}] {line}"
            self.log.info("%s", line)

        return write

    def _clean_up(self, outcome: Outcome | None, exchange: Exchange | None, context: Context) -> None:
        """Delete the pod, or let its helper end where it is kept. Without an outcome it never ran, and is deleted."""
        if self.pod is None or self._killed:
            return
        self._call_back("on_pod_completion", context, pod=self.pod)
        self._call_back("on_pod_teardown", context, pod=self.pod)
        action = self.on_finish_action.value
        failed = outcome is not None and outcome.exit_code != 0
        keep = action in {"keep_pod", "delete_active_pod"} or (action == "delete_succeeded_pod" and failed)
        if keep:
            if exchange is not None and exchange.keeper == HELPER:  # a native sidecar ends by itself
                name, namespace = self._pod_address
                release(ExecChannel(self.client.api_client, pod=name, namespace=namespace), exchange.keeper)
            self.log.info("Pod %s is kept", self.pod.metadata.name)
        else:
            self._delete()
        self._call_back("on_pod_cleanup", context, pod=self.pod)

    def _delete(self) -> None:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            self.pod_manager.delete_pod(self.pod)
        except (ApiException, HTTPError) as error:
            self.log.warning("Pod %s could not be deleted: %s", self._pod_address[0], str(error).splitlines()[0])

    def _call_back(self, name: str, context: Context, **arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, name)(
                client=self.client, mode=ExecutionMode.SYNC, context=context, operator=self, **arguments
            )


class _Completion:
    """Completes the pod that KubernetesPodOperator has built from its arguments and templates with the step itself."""

    def __init__(self, step: ResolvedStep, settings: Settings, shared: SharedLimit | None, helper_image: str) -> None:
        self._step, self._settings, self._shared, self._helper_image = step, settings, shared, helper_image

    def attach_to_pod(self, pod: V1Pod) -> V1Pod:
        """Return the completed pod; named as the method of Airflow's `Secret` in whose place it is called."""
        from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
        from kubernetes.client import ApiClient

        base: Manifest = ApiClient().sanitize_for_serialization(pod)
        made = build_pod(base, self._step, self._settings, helper_image=self._helper_image)
        if self._shared is not None:
            made = gated(made, self._shared.run)
        return PodGenerator.deserialize_model_dict(made)


def _attempt_name(placement: Placement, context: Context) -> str:
    return RunValues(placement, context, Store("")).attempt_name


def _check_arguments(arguments: Mapping[str, Any]) -> None:
    """Raise UsageError for an argument that no pod operator has, or that a step decides itself."""
    for name, why in _REFUSED.items():
        if arguments.get(name):
            raise UsageError(f"operator_args cannot set '{name}': {why}")
    if arguments.keys() - _KNOWN:
        wrong = min(arguments.keys() - _KNOWN)
        near = difflib.get_close_matches(wrong, _KNOWN, n=1)
        advice = f"Did you mean '{near[0]}'?" if near else "See the arguments of KubernetesPodOperator and BaseOperator"
        raise UsageError(f"operator_args: a pod operator has no argument '{wrong}'. {advice}")


def _arguments_of(*kinds: type) -> frozenset[str]:
    names = {name for kind in kinds for name in inspect.signature(kind.__init__).parameters}  # type: ignore[misc]
    return frozenset(names - {"self", "kwargs", "args"})


_KNOWN: Final = _arguments_of(KubernetesPodOperator, BaseOperator)


def _names(chosen: object, every: list[str]) -> list[str]:
    """Return the containers that `container_logs` or `init_container_logs` means: none, one, some or all."""
    if chosen is True:
        return every
    if isinstance(chosen, str):
        return [chosen]
    return [str(name) for name in chosen] if isinstance(chosen, Iterable) else []


def _reason(error: ApiException) -> str:
    """Return why the API server refused something, in its own words."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return f"{error.status} {error.reason}"


def _exceeds_quota(error: ApiException) -> bool:
    return error.status == HTTPStatus.FORBIDDEN and "exceeded quota" in _reason(error)


def _refused(error: ApiException, pod: V1Pod | None, host: str) -> StepError:
    """Return what to say of a pod that the API server did not take, with its own reason."""
    namespace = pod.metadata.namespace if pod is not None else "?"
    advice = {
        401: "Check the credentials of the connection",
        403: f"Allow the worker's account to create pods in namespace {namespace}, or mend what its policies refuse",
        404: f"Create the namespace {namespace}, or set [kfp_airflow] namespace",
        422: "Mend what it names in the step, or in operator_args",
    }.get(error.status, "Clear the task to try again")
    text = f"the cluster at {host} refused the pod of the step in namespace {namespace}: {_reason(error)[:1500]}"
    return StepError(f"{text}. {advice}")
