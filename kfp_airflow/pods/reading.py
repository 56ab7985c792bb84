"""Answers of the Kubernetes API as plain JSON, asked for again while the cluster is busy or cannot be reached."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from kfp_airflow.diagnostics import StepError
from kfp_airflow.pods.channel import Pace

PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""The statuses of a cluster that is busy."""


def read_json(request: Callable[..., Any], *arguments: str, what: str, patience_s: float, **options: Any) -> Any:
    """Return the answer to a request that reads and changes nothing.

    Raises ApiException with status 404, StepError where anything else is answered, or nothing for `patience_s`.
    """
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    pace = Pace()
    while True:
        try:
            return json.loads(request(*arguments, **options, _preload_content=False).data)
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise
            if error.status not in PASSING or pace.elapsed_s > patience_s:
                raise StepError(f"the cluster refuses to show {what}: {error.status} {error.reason}") from error
        except HTTPError as error:
            if pace.elapsed_s > patience_s:
                raise StepError(f"the cluster cannot be reached any more: {error}") from error
        pace.wait()
