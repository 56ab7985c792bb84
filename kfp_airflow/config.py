"""Every setting of the section `[kfp_airflow]`, declared once, read when it is needed.

A setting is an option of Airflow's configuration: `airflow.cfg`, the variable `AIRFLOW__KFP_AIRFLOW__<OPTION>`, or
what else Airflow reads. `SETTINGS` is the one table; the provider's metadata and `docs/reference/settings.md` are made
from it.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from typing import Final, Literal

from kfp_airflow.diagnostics import UsageError

SECTION: Final = "kfp_airflow"

_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]+")

Kind = Literal["string", "integer", "path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One option: what it does, what it takes, and what holds where nobody sets it.

    `default` is the text that a configuration file would hold. `choices` and the inclusive bounds `least` and `most`
    say what it takes; a text without choices takes anything.
    """

    name: str
    description: str
    default: str = ""
    kind: Kind = "string"
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    version_added: str = "0.1.0"
    example: str | None = None

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"AIRFLOW__{SECTION.upper()}__{self.name.upper()}"

    @property
    def allowed(self) -> str:
        """What the setting takes, in words."""
        if self.choices:
            return f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
        if self.kind != "integer":
            return "a path" if self.kind == "path" else "any text"
        if self.most is None:
            return f"a whole number of at least {self.least:,}"
        return f"a whole number from {self.least:,} to {self.most:,}"

    def check(self, text: str) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.choices:
            return None if text in self.choices else f"'{text}'"
        if self.kind == "integer" and not self._is_within(text):
            return f"'{text}'"
        return None

    def _is_within(self, text: str) -> bool:
        if not _WHOLE_NUMBER.fullmatch(text):
            return False
        number = int(text)
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        name="runtime",
        default="auto",
        choices=("auto", "kubernetes", "container", "process"),
        description=(
            "Where steps run: as pods, as containers of docker or podman on the worker, or as processes on the worker. "
            "With auto, DAGs run on Kubernetes, and kfp-airflow run takes processes where they can stand in for all "
            "images, else containers."
        ),
        example="process",
    ),
    Setting(
        name="artifacts",
        description=(
            "Where outputs lie that are no short text: any object storage URL of Airflow, or a folder that all "
            "workers share. Empty: the folder kfp_artifacts in the Airflow home."
        ),
        example="s3://aws_default@my-bucket/kfp",
    ),
    Setting(
        name="inline_limit",
        default="32768",
        kind="integer",
        least=0,
        most=1 << 30,
        description=(
            "Bytes. An output that is text of at most this size is the XCom itself; a larger one is an object in the "
            "store."
        ),
        example="4096",
    ),
    Setting(
        name="value_limit",
        default="131072",
        kind="integer",
        least=1,
        most=1 << 17,
        description=(
            "Bytes. The largest output that a step takes by value, in an argument or a variable; Linux allows no more "
            "than the default. Files have no limit."
        ),
        example="65536",
    ),
    Setting(
        name="preload",
        default="true",
        choices=("true", "false"),
        description=(
            "Whether Airflow's scheduler and dag-processor import the pod operator when they start. With the "
            "LocalExecutor each task, and each parsing of a DAG file, is then spared that import; it costs these two "
            "processes the memory for it."
        ),
        example="false",
    ),
    Setting(
        name="component_max_age",
        default="600",
        kind="integer",
        least=0,
        description=(
            "Seconds for which a component that a pipeline file loads from an address is not fetched again: Airflow "
            "reads the file again and again, also when a task starts. 0: it is fetched each time. Where the address "
            "names a commit, the copy serves always; where it cannot be read just now, an older copy does."
        ),
        example="60",
    ),
    Setting(
        name="recursion_limit",
        default="1000",
        kind="integer",
        least=1,
        most=100_000,
        description=(
            "How many rounds a recursive graph component may run; one more fails, naming the component. Rounds of "
            "components in each other and iterations of loops in loops count together."
        ),
        example="50",
    ),
    Setting(
        name="helper_image",
        default="alpine:3.24.2",
        description=(
            "The image of the helper container that brings files into a pod and takes them out: one with a busybox at "
            "/bin/busybox that is static or of musl (Alpine)."
        ),
        example="registry.example.com/alpine:3.24.2",
    ),
    Setting(
        name="namespace",
        description="The namespace of the pods. Empty: the connection's, else the cluster's default.",
        example="pipelines",
    ),
    Setting(
        name="kubernetes_conn_id",
        default="kubernetes_default",
        description="The Airflow connection that says how to reach the cluster.",
        example="training_cluster",
    ),
    Setting(
        name="service_account",
        description="The service account of the pods of steps that name none. Empty: the namespace's default.",
        example="pipeline-runner",
    ),
    Setting(
        name="startup_timeout",
        default="600",
        kind="integer",
        least=1,
        description="Seconds that a pod may take until its container runs: scheduling, images pulled, volumes mounted.",
        example="1800",
    ),
    Setting(
        name="local_cache",
        default="~/.cache/kfp-airflow",
        kind="path",
        description="The folder in which the process runtime keeps the environments that it makes; safe to delete.",
        example="/var/cache/kfp-airflow",
    ),
)

_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}


def get(name: str) -> str:
    """Return the text of a setting, checked; in a path, `~` is the home folder already.

    Raises UsageError, naming section, option, value and what the setting takes.
    """
    setting = declared(name)
    text = read_airflow(setting).strip()
    wrong = setting.check(text)
    if wrong is None:
        return os.path.expanduser(text) if setting.kind == "path" else text  # noqa: PTH111 - text in, text out
    raise UsageError(
        f"[{SECTION}] {name} is {wrong}; it takes {setting.allowed}\n"
        f"  Mend it in airflow.cfg or in the variable {setting.variable}"
        f"{f', or remove it to get {setting.default}' if setting.default else ''}."
    )


def get_int(name: str) -> int:
    """Return a whole number, in the unit that the setting's description names; raises UsageError as `get` does."""
    return int(get(name))


def declared(name: str) -> Setting:
    """Return the declaration of a setting; raises UsageError for a name that is none."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    advice = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(_BY_NAME)}."
    raise UsageError(f"[{SECTION}] has no option '{name}'\n  {advice}")


def read_airflow(setting: Setting) -> str:
    """Return what Airflow's configuration holds for a setting, else the default."""
    from airflow.configuration import conf

    return conf.get(SECTION, setting.name, fallback=setting.default) or ""
