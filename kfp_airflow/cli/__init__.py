"""The commands `kfp-airflow` and `dsl-compile`.

Nothing here imports Airflow but the session, which is a process of its own, so that the commands start at once.
"""

from __future__ import annotations


def main() -> None:
    """Run `kfp-airflow` with the arguments of this process."""
    from kfp_airflow.cli.commands import command  # a session is below this package, and needs no click

    command()
