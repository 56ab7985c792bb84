"""The pages of the reference that are made from the code: `make snapshots` writes them, a test holds them in step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from kfp_airflow import config
from tests.docs.rows_page import rows_page

ROOT: Final = Path(__file__).parent.parent.parent
WIDTH: Final = 100


def settings_page() -> str:
    """Return `docs/reference/settings.md`."""
    return "\n".join(
        [
            "# Settings",
            "",
            "Options of the section `[kfp_airflow]` of Airflow's configuration: in `airflow.cfg`, or as the",
            "environment variable that each one names. A value that a setting does not take is refused with a",
            "message that says what it takes.",
            "",
            *(line for setting in config.SETTINGS for line in _setting(setting)),
        ]
    )


def _setting(setting: config.Setting) -> Iterator[str]:
    yield from (f"## `{setting.name}`", "", setting.description, "", "| | |", "|---|---|")
    yield f"| takes | {setting.allowed} |"
    yield f"| default | {f'`{setting.default}`' if setting.default else 'empty'} |"
    yield f"| example | `{setting.example}` |"
    yield f"| variable | `{setting.variable}` |"
    yield f"| since | {setting.version_added} |"
    yield ""


def cli_page() -> str:
    """Return `docs/reference/cli.md`: the help of every command."""
    from kfp_airflow.cli.commands import command

    lines = [
        "# Commands",
        "",
        "Exit codes: 0 when it did what was asked, 1 when a run failed, 2 when a file, a pipeline, an option or a",
        "setting is wrong. Errors go to standard error: file and line, what is wrong, and what to do.",
        "",
    ]
    for name, subcommand in {"": command, **command.commands}.items():
        title = f"kfp-airflow {name}".strip()
        context = click.Context(subcommand, info_name=title, terminal_width=WIDTH, max_content_width=WIDTH)
        lines += [f"## `{title}`", "", "```text", subcommand.get_help(context), "```", ""]
    return "\n".join(lines)


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/reference/settings.md": settings_page,
    "docs/reference/cli.md": cli_page,
}


def main() -> None:
    """Write every page."""
    for path, page in {**PAGES, "docs/kfp-row-by-row.md": rows_page}.items():
        (ROOT / path).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
