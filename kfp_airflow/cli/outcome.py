"""How a command ends: exit codes, and one clear message where it was given something wrong."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, NoReturn

import click

from kfp_airflow.diagnostics import KfpAirflowError

SUCCEEDED: Final = 0
FAILED: Final = 1
REFUSED: Final = 2
INTERRUPTED: Final = 130

warn: Callable[[str], None] = partial(click.echo, err=True)


@contextmanager
def refusals(*, verbose: bool) -> Iterator[None]:
    """Turn an error of this package or of the operating system into its message on standard error and exit code 2.

    With `verbose`, the traceback stands before the message.
    """
    try:
        yield
    except (KfpAirflowError, OSError) as error:
        if verbose:
            traceback.print_exc()
        refuse(str(error))


def count(number: int, what: str) -> str:
    """Return a number of things in words: `1 file`, `2 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def refuse(message: str) -> NoReturn:
    """Print a message on standard error and end the command with exit code 2."""
    warn(message)
    sys.exit(REFUSED)
