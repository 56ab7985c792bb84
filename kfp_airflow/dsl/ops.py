"""Steps as authors write them: ops, and input files given as arguments (B-01 to B-16, O-01 to O-14, D-08 to D-10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from typing_extensions import Required, TypedDict, override

from kfp_airflow.diagnostics import UNKNOWN, Where
from kfp_airflow.dsl.containers import Container, Sidecar, UserContainer, as_string_list
from kfp_airflow.dsl.params import PipelineParam, extract_pipelineparams_from_any
from kfp_airflow.dsl.pipeline import OpsGroup, Pipeline
from kfp_airflow.dsl.where import author_frame, warn_author

if TYPE_CHECKING:
    from typing_extensions import Self

    from kfp_airflow.components.structures import ExecutionOptionsSpec

ALLOWED_RETRY_POLICIES: Final = ("Always", "OnError", "OnFailure", "OnTransientError")
LEGACY_OUTPUTS: Final = ("mlpipeline-ui-metadata", "mlpipeline-metrics")

_NOT_PROXIED = frozenset(("to_dict", "to_str"))
_LAUNCHER_FLAG = "--component_launcher_class_path"
_REUSABLE_COMPONENTS_ADVICE = (
    "Please create reusable components instead of constructing ContainerOp instances directly: a component.yaml or a "
    "Python function (kfp.components) can be shared and is checked. ContainerOp stays supported."
)


class ContainerOpWarning(FutureWarning):
    """KFP's advice to make components instead of calling ContainerOp (D-09); it is no sign of anything wrong."""


class OpOptions(TypedDict, total=False):
    """The options of every op (D-08), as kinds of ops hand them on."""

    name: Required[str]
    init_containers: list[UserContainer] | None
    sidecars: list[Sidecar] | None
    is_exit_handler: bool


class BaseOp:
    """What every op has: a name, a place in a group, and everything of its pod but the main container (D-08).

    `name` is unique in the pipeline (N-01, N-02), `human_name` what the author wrote. Methods return the op itself.
    """

    attrs_with_pipelineparams: list[str] = [  # noqa: RUF012 - authors add to it in subclasses
        "node_selector",
        "volumes",
        "pod_annotations",
        "pod_labels",
        "num_retries",
        "init_containers",
        "sidecars",
        "tolerations",
    ]

    def __init__(
        self,
        name: str,
        init_containers: list[UserContainer] | None = None,
        sidecars: list[Sidecar] | None = None,
        is_exit_handler: bool = False,
    ) -> None:
        if is_exit_handler:
            warn_author("is_exit_handler=True is no longer needed.", DeprecationWarning)
        self._set_up(name, init_containers, sidecars, is_exit_handler=is_exit_handler)

    def _set_up(
        self,
        name: str,
        init_containers: list[UserContainer] | None,
        sidecars: list[Sidecar] | None,
        *,
        is_exit_handler: bool,
    ) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a step has to be a text, not {name!r}")
        frame = author_frame()
        self.where = UNKNOWN if frame is None else Where(frame.f_code.co_filename, frame.f_lineno)
        self.is_exit_handler = is_exit_handler
        self.human_name = name
        self.display_name: object = None
        owner = Pipeline.get_default_pipeline()
        self.name = owner.add_op(self, is_exit_handler) if owner else f"{name} {id(self):x}"
        self.node_selector: dict[object, object] = {}
        self.volumes: list[object] = []
        self.tolerations: list[object] = []
        self.affinity: object = {}
        self.pod_annotations: dict[object, object] = {}
        self.pod_labels: dict[object, object] = {}
        self.num_retries: object = 0
        self.retry_policy: str | None = None
        self.backoff_factor: float | None = None
        self.backoff_duration: str | None = None
        self.backoff_max_duration: str | None = None
        self.timeout: object = 0
        self.init_containers: list[UserContainer] = init_containers or []
        self.sidecars: list[Sidecar] = sidecars or []
        self.loop_args: PipelineParam | None = None
        self.dependent_names: list[str] = []
        self._inputs: list[PipelineParam] = []
        self.enable_caching: object = True

    @property
    def inputs(self) -> list[PipelineParam]:
        """The parameters that the op uses, each once; what is added to the list the op waits for, too (B-15)."""
        self._inputs[:] = extract_pipelineparams_from_any([self._inputs, self._used()])
        return self._inputs

    @inputs.setter
    def inputs(self, params: Iterable[PipelineParam]) -> None:
        self._inputs = list(params)

    @property
    def declares_inputs(self) -> bool:
        """Whether `inputs` was set, or asked for by somebody who may have added to it."""
        return bool(self._inputs)

    @property
    def inputs_beside(self) -> list[PipelineParam]:
        """The parameters among `inputs` that nothing of the op uses: given only for the op to wait for their makers."""
        if not self._inputs:
            return []
        used = {str(param) for param in self._used()}
        return [param for param in self._inputs if str(param) not in used]

    def _used(self) -> list[PipelineParam]:
        return extract_pipelineparams_from_any([getattr(self, name, None) for name in self.attrs_with_pipelineparams])

    def apply(self, mod_func: Callable[[Self], Self | None]) -> Self:
        """Call `mod_func(op)` and return what it returns, or the op (B-01)."""
        return mod_func(self) or self

    def after(self, *ops: BaseOp | OpsGroup) -> Self:
        """Start only after these ops and groups have ended (B-02)."""
        for op in ops:
            self.dependent_names.append(op.name or op.type if isinstance(op, OpsGroup) else op.name)
        return self

    def add_volume(self, volume: object) -> Self:
        """Add a volume to the pod: a V1Volume (B-03)."""
        self.volumes.append(volume)
        return self

    def add_toleration(self, tolerations: object) -> Self:
        """Add a toleration: a V1Toleration (B-04)."""
        self.tolerations.append(tolerations)
        return self

    def add_affinity(self, affinity: object) -> Self:
        """Set the affinity, a V1Affinity; the last one wins (B-05)."""
        self.affinity = affinity
        return self

    def add_node_selector_constraint(self, label_name: object, value: object) -> Self:
        """Run on nodes with this label only (B-06)."""
        self.node_selector[label_name] = value
        return self

    def add_pod_annotation(self, name: object, value: object) -> Self:
        """Annotate the pod (B-07)."""
        self.pod_annotations[name] = value
        return self

    def add_pod_label(self, name: object, value: object) -> Self:
        """Label the pod (B-08)."""
        self.pod_labels[name] = value
        return self

    def set_retry(
        self,
        num_retries: object,
        policy: str | None = None,
        backoff_duration: str | None = None,
        backoff_factor: float | None = None,
        backoff_max_duration: str | None = None,
    ) -> Self:
        """Try again after a failure (B-09).

        `policy` is one of Always, OnError, OnFailure, OnTransientError; durations are seconds, or `2m`, `1h`.
        """
        if policy is not None and policy not in ALLOWED_RETRY_POLICIES:
            raise ValueError(f"policy must be one of: {', '.join(ALLOWED_RETRY_POLICIES)}. Got: {policy!r}")
        self.num_retries = num_retries
        self.retry_policy = policy
        self.backoff_factor = backoff_factor
        self.backoff_duration = backoff_duration
        self.backoff_max_duration = backoff_max_duration
        return self

    def set_timeout(self, seconds: int) -> Self:
        """Limit one attempt, in seconds; 0: no limit (B-10)."""
        self.timeout = seconds
        return self

    def add_init_container(self, init_container: UserContainer) -> Self:
        """Run a container before the main one (B-11)."""
        self.init_containers.append(init_container)
        return self

    def add_sidecar(self, sidecar: Sidecar) -> Self:
        """Run a container beside the main one (B-12)."""
        self.sidecars.append(sidecar)
        return self

    def set_display_name(self, name: object) -> Self:
        """Set the name that people see; the id stays (B-13)."""
        self.display_name = name
        return self

    def set_caching_options(self, enable_caching: object) -> Self:
        """Say whether a result of an earlier run may be taken: True, False or a PipelineParam (B-14, F-06)."""
        self.enable_caching = enable_caching
        return self

    @override
    def __repr__(self) -> str:
        """Return class and name."""
        return f"{type(self).__name__}({self.name!r})"


class InputArgumentPath:
    """An argument that the program gets as a file: its path stands in the command line (D-10).

    `input` names the input (`input-<n>` where it is left out), `path` is where the file lies
    (`/tmp/inputs/<input>/data` where it is left out).
    """

    def __init__(self, argument: object, input: object = None, path: str | None = None) -> None:
        self.argument = argument
        self.input = input
        self.path = path


class Outputs(dict[str, PipelineParam]):
    """An op's outputs by name (O-05); a name that is not there is refused with those that are."""

    def __init__(self, owner: str, outputs: Iterable[tuple[str, PipelineParam]] = ()) -> None:
        super().__init__(outputs)
        self._owner = owner

    def __missing__(self, name: str) -> NoReturn:
        """Raise KeyError, naming the outputs that there are."""
        names = " and ".join(repr(known) for known in self) or "no outputs"
        raise KeyError(f"{self._owner!r} has no output {name!r}: it has {names}")


class MultipleOutputsError:
    """What `op.output` is where an op has no output, or several: any use of it is refused (O-06)."""

    _MESSAGE = (
        "This task has multiple outputs. Use `task.outputs[<output name>]` dictionary to refer to the one you need."
    )

    @override
    def __getattribute__(self, name: str) -> NoReturn:
        """Raise RuntimeError."""
        raise RuntimeError(MultipleOutputsError._MESSAGE)

    @override
    def __str__(self) -> NoReturn:
        """Raise RuntimeError."""
        raise RuntimeError(MultipleOutputsError._MESSAGE)


class ContainerOp(BaseOp):
    """One container step (D-09).

    `file_outputs` maps output names to paths inside the container. The public methods of `Container` can be called on
    the op, too; they return the op and warn (O-02).
    """

    _DISABLE_REUSABLE_COMPONENT_WARNING: ClassVar[bool] = False

    attrs_with_pipelineparams: list[str] = [  # noqa: RUF012 - authors add to it in subclasses
        *BaseOp.attrs_with_pipelineparams,
        "_container",
        "artifact_arguments",
        "_parameter_arguments",
    ]

    def __init__(
        self,
        name: str,
        image: object,
        command: object = None,
        arguments: object = None,
        init_containers: list[UserContainer] | None = None,
        sidecars: list[Sidecar] | None = None,
        container_kwargs: Mapping[str, object] | None = None,
        artifact_argument_paths: Sequence[InputArgumentPath] | None = None,
        file_outputs: Mapping[str, str] | None = None,
        output_artifact_paths: Mapping[str, str] | None = None,
        is_exit_handler: bool = False,
        pvolumes: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(name, init_containers, sidecars, is_exit_handler)
        self._fill(image, command, arguments, container_kwargs, artifact_argument_paths)
        self._declare_outputs(file_outputs, output_artifact_paths)
        if not self._DISABLE_REUSABLE_COMPONENT_WARNING and _LAUNCHER_FLAG not in (self._container.args or ()):
            warn_author(_REUSABLE_COMPONENTS_ADVICE, ContainerOpWarning)
        if pvolumes:
            self.add_pvolumes(pvolumes)

    @classmethod
    def _from_component(
        cls,
        *,
        name: str,
        image: object,
        command: Sequence[object] | None = None,
        arguments: Sequence[object] | None = None,
        container_kwargs: Mapping[str, object] | None = None,
        artifact_argument_paths: Sequence[InputArgumentPath] = (),
        file_outputs: Mapping[str, str] | None = None,
    ) -> ContainerOp:
        """Return an op made by a component: as the constructor does, without its advice to write a component (D-09).

        For `components/` only. The caller then sets, as far as they apply: `_metadata` (the specification, an object
        with `to_dict()` that returns JSON data), `_component_ref` (the same, or None), `_parameter_arguments` (input
        name → text with placeholders), aliases in `outputs` (pythonic names) and `param_type` of the outputs.
        """
        op = cls.__new__(cls)
        op._set_up(name, None, None, is_exit_handler=False)  # noqa: SLF001 - its own class
        op._fill(image, command, arguments, container_kwargs, artifact_argument_paths)  # noqa: SLF001 - its own class
        op._declare_outputs(file_outputs, None)  # noqa: SLF001 - its own class
        return op

    def _fill(
        self,
        image: object,
        command: object,
        arguments: object,
        container_kwargs: Mapping[str, object] | None,
        artifact_argument_paths: Sequence[InputArgumentPath] | None,
    ) -> None:
        self.input_artifact_paths: dict[str, str] = {}
        self.artifact_arguments: dict[str, str] = {}
        for argument in artifact_argument_paths or ():
            self._place(argument)
        self._container = Container(
            image, self._place_all(command), self._place_all(arguments), **(container_kwargs or {})
        )
        self._metadata: object = None
        self._component_ref: object = None
        self._parameter_arguments: Mapping[str, object] | None = None
        self._execution_options: ExecutionOptionsSpec | None = None
        self.pvolumes: dict[str, object] = {}
        self.pvolume: object = None

    def _place_all(self, command_line: object) -> object:
        if isinstance(command_line, (list, tuple)):
            return [item if type(item) is str else self._place(item) for item in command_line]
        return self._place(command_line)

    def _place(self, argument: object) -> object:
        """Return the path for a file argument (D-10), anything else as it is; an op is no value (DP-11)."""
        if isinstance(argument, BaseOp):
            raise _op_for_a_value(argument)
        if not isinstance(argument, InputArgumentPath):
            return argument
        named = argument.input
        name = str(getattr(named, "name", named) or f"input-{len(self.artifact_arguments)}")
        path = argument.path or f"/tmp/inputs/{file_name(name)}/data"  # noqa: S108 - a path in the container (DP-03)
        self.input_artifact_paths[name] = path
        if isinstance(argument.argument, BaseOp):
            raise _op_for_a_value(argument.argument)
        self.artifact_arguments[name] = str(argument.argument)
        return path

    def _declare_outputs(
        self, file_outputs: Mapping[str, str] | None, output_artifact_paths: Mapping[str, str] | None
    ) -> None:
        if output_artifact_paths:
            warn_author(
                "The output_artifact_paths parameter is deprecated since SDK v0.1.32. Use file_outputs instead.",
                DeprecationWarning,
            )
        self.output_artifact_paths = dict(output_artifact_paths or ())
        self.file_outputs: dict[str, str] = {}
        for name, path in (file_outputs or {}).items():
            legacy = legacy_output(name)
            if legacy:
                self.output_artifact_paths[legacy] = path
            else:
                self.file_outputs[name] = path
        self.outputs = Outputs(self.name, [(name, PipelineParam(name, self.name)) for name in self.file_outputs])
        self.output: object = self._only_output()

    def _only_output(self) -> object:
        return next(iter(self.outputs.values())) if len(self.outputs) == 1 else MultipleOutputsError()

    def _set_single_output_attribute(self) -> None:
        """Set `output` anew, after `outputs` changed; two names of the same output count once."""
        distinct = {(param.op_name, param.name): param for param in self.outputs.values()}
        self.output = next(iter(distinct.values())) if len(distinct) == 1 else MultipleOutputsError()

    @property
    def container(self) -> Container:
        """Return the main container, to be configured (O-01)."""
        return self._container

    @property
    def command(self) -> list[str] | None:
        """Return the command as a list of texts (O-04)."""
        return self._container.command

    @command.setter
    def command(self, value: object) -> None:
        self._container.command = as_string_list(value)

    @property
    def arguments(self) -> list[str] | None:
        """Return the arguments as a list of texts (O-04)."""
        return self._container.args

    @arguments.setter
    def arguments(self, value: object) -> None:
        self._container.args = as_string_list(value)

    @property
    def execution_options(self) -> ExecutionOptionsSpec:
        """Return the options of the execution (O-09). `retry_strategy` is KFP's and has no effect there or here."""
        if self._execution_options is None:
            from kfp_airflow.components.structures import CachingStrategySpec, ExecutionOptionsSpec

            self._execution_options = ExecutionOptionsSpec(caching_strategy=CachingStrategySpec())
        return self._execution_options

    @execution_options.setter
    def execution_options(self, value: ExecutionOptionsSpec) -> None:
        self._execution_options = value

    @property
    def image(self) -> object:
        """Return the container's image; `op.container.image` is its place now (O-03)."""
        _warn_of_proxy("image", "image")
        return self._container.image

    @image.setter
    def image(self, value: object) -> None:
        _warn_of_proxy("image", "image")
        self._container.image = value

    @property
    def env_variables(self) -> list[object] | None:
        """Return the container's variables; `op.container.env` is their place now (O-03)."""
        _warn_of_proxy("env_variables", "env")
        return self._container.env

    @env_variables.setter
    def env_variables(self, value: list[object] | None) -> None:
        _warn_of_proxy("env_variables", "env")
        self._container.env = value

    @property
    def is_v2(self) -> bool:
        """Return False: this is KFP's first version (O-11)."""
        return False

    @property
    def container_spec(self) -> None:
        """Return None: this is KFP's first version (O-11)."""
        return

    def add_pvolumes(self, pvolumes: Mapping[str, object] | None = None) -> Self:
        """Mount volumes at paths, and come after the ops that the volumes come after (O-10)."""
        from kfp_airflow.dsl.volumes import mount_pvolumes

        mount_pvolumes(self, pvolumes or {})
        return self

    @override
    def __dir__(self) -> list[str]:
        """Return the op's own names, and those of its container's methods (O-02)."""
        methods = (name for name in dir(Container) if not name.startswith("_") and callable(getattr(Container, name)))
        return sorted({*super().__dir__(), *methods} - _NOT_PROXIED)

    def __getattr__(self, name: str) -> Callable[..., ContainerOp]:
        """Return a public method of the main container that returns the op (O-02)."""
        method = None if name.startswith("_") or name in _NOT_PROXIED else getattr(Container, name, None)
        if not callable(method):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        container = self._container

        def call_on_container(*args: object, **kwargs: object) -> ContainerOp:
            _warn_of_proxy(name, name)
            method(container, *args, **kwargs)
            return self

        call_on_container.__name__ = name
        call_on_container.__doc__ = method.__doc__
        return call_on_container


def file_name(name: str) -> str:
    """Return the name as a part of a path (Y-04): all but ASCII letters, digits, `-`, `_` and `.` becomes one `_`."""
    return re.sub(r"[^-_.0-9a-zA-Z]+", "_", name)


def legacy_output(name: str) -> str | None:
    """Return which of the two `mlpipeline-*` outputs a name means (DP-10), None for an ordinary one."""
    lower = name.lower()
    if not lower.startswith("mlpipeline"):  # nearly every name; the expression below would be an op's dearest part
        return None
    canonical = re.sub(r"[^a-z0-9]", "-", lower)
    return canonical if canonical in LEGACY_OUTPUTS else None


def _op_for_a_value(op: BaseOp) -> TypeError:
    return TypeError(
        "ContainerOp object was passed to component as an input argument. Pass a single output instead. "
        f"The op is {op.name!r}."
    )


def _warn_of_proxy(name: str, target: str) -> None:
    warn_author(
        f"`dsl.ContainerOp.{name}` will be removed in future releases. "
        f"Use `dsl.ContainerOp.container.{target}` instead.",
        PendingDeprecationWarning,
    )
