"""Settings of a whole pipeline (rows P-01 to P-11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

    from kfp_airflow.dsl.ops import BaseOp


class PipelineConf:
    """What holds for every step of a pipeline: limits, pull secrets, transformers (D-05)."""

    def __init__(self) -> None:
        self.image_pull_secrets: list[object] = []
        self.timeout = 0
        self.ttl_seconds_after_finished = -1
        self.op_transformers: list[Callable[[BaseOp], object]] = []
        self.default_pod_node_selector: dict[str, object] = {}
        self.image_pull_policy: str | None = None
        self.parallelism: int | None = None
        self.dns_config: object = None
        self._pod_disruption_budget_min_available: int | str | None = None
        self._data_passing_method: object = None

    def set_image_pull_secrets(self, image_pull_secrets: list[object]) -> Self:
        """Name the secrets that images are pulled with: V1LocalObjectReferences (P-01)."""
        self.image_pull_secrets = image_pull_secrets
        return self

    def set_timeout(self, seconds: int) -> Self:
        """Limit the whole run, in seconds; 0: no limit (P-02)."""
        self.timeout = seconds
        return self

    def set_parallelism(self, max_num_pods: int) -> Self:
        """Limit how many steps run at a time (P-03)."""
        if max_num_pods < 1:
            raise ValueError(f"Pipeline max_num_pods set to < 1, allowed values are > 0. Got: {max_num_pods}")
        self.parallelism = max_num_pods
        return self

    def set_ttl_seconds_after_finished(self, seconds: int) -> Self:
        """Say how long a run's pods are kept after its end, in seconds (P-04)."""
        self.ttl_seconds_after_finished = seconds
        return self

    def set_pod_disruption_budget(self, min_available: int | str) -> Self:
        """Say how many pods have to stay while a cluster is maintained (P-05)."""
        self._pod_disruption_budget_min_available = min_available
        return self

    def set_default_pod_node_selector(self, label_name: str, value: str) -> Self:
        """Run steps that have no node selector of their own on nodes with this label; several add up (P-06)."""
        self.default_pod_node_selector[label_name] = value
        return self

    def set_image_pull_policy(self, policy: str) -> Self:
        """Say when images are pulled, for steps that do not say it; checked when the pipeline is built (P-07)."""
        self.image_pull_policy = policy
        return self

    def add_op_transformer(self, transformer: Callable[[BaseOp], object]) -> None:
        """Call `transformer(op)` for every op, in the order of definition, after the pipeline function ran (P-08)."""
        self.op_transformers.append(transformer)

    def set_dns_config(self, dns_config: object) -> None:
        """Set the pods' name resolution: a V1PodDNSConfig (P-09)."""
        self.dns_config = dns_config

    @property
    def data_passing_method(self) -> object:
        """Return how artifacts travel between steps: None, or a data_passing_methods.KubernetesVolume (P-10)."""
        return self._data_passing_method

    @data_passing_method.setter
    def data_passing_method(self, value: object) -> None:
        self._data_passing_method = value
