"""Why a task failed or was skipped, left where people, the command line and the API find it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kfp_airflow.diagnostics import ImageUnavailable, StepError
from kfp_airflow.version_compat import AirflowException, AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

MESSAGE_KEY: Final = "kfp_message"
"""The XCom with the reason."""
REFUSED_KEY: Final = "kfp_refused"
"""The XCom, true, of a task that failed for something that the pipeline's author has to change."""
MESSAGE_LIMIT: Final = 4000
"""Characters of the reason that are kept."""


@contextmanager
def explained(context: Context) -> Iterator[None]:
    """Push the message of a StepError or of an Airflow exception that passes through, and log that of a skip."""
    try:
        yield
    except (StepError, AirflowException) as error:
        if isinstance(error, AirflowSkipException):
            log.info("%s", error)  # Airflow logs the reason of a failure, not that of a skip
        context["ti"].xcom_push(key=MESSAGE_KEY, value=str(error)[:MESSAGE_LIMIT])
        if isinstance(error, ImageUnavailable) or isinstance(error.__cause__, ImageUnavailable):
            context["ti"].xcom_push(key=REFUSED_KEY, value=True)
        raise
