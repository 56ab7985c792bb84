"""Which packages a command is seen to install, read as shell words."""

from __future__ import annotations

import pytest

from kfp_airflow.local.requirements import NOTHING, Requirements, find_requirements

# What the compiler of kfp 1.8.22 writes for packages_to_install=['scikit-learn>=1,<2', "it's", 'a"b'].
REAL = (
    "(PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location 'scikit-learn>=1,<2' "
    "\"it's\" 'a\"b' || PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location "
    '\'scikit-learn>=1,<2\' "it\'s" \'a"b\' --user) && "$0" "$@"'
)


def test_the_form_that_the_real_sdk_writes_is_read() -> None:
    """W-02."""
    command = ("sh", "-c", REAL, "sh", "-ec", "…")
    assert find_requirements(command) == Requirements(packages=("scikit-learn>=1,<2", "it's", 'a"b'))


def test_index_options_are_kept_with_their_values() -> None:
    script = 'python3 -m pip install -i https://index --trusted-host=h "a[b]==1" && "$0" "$@"'
    expected = Requirements(packages=("a[b]==1",), options=("-i", "https://index", "--trusted-host=h"))
    assert find_requirements(("sh", "-c", script)) == expected


@pytest.mark.parametrize(
    "script",
    [
        'python3 -m pip install a; "$0" "$@"',
        'python3 -m pip install a && echo x && "$0" "$@"',
        "python3 -m pip install a",
        'python3 -m pip install -r requirements.txt && "$0" "$@"',
        'python3 -m pip install a >/dev/null && "$0" "$@"',
        '(python3 -m pip install a || python3 -m pip install b) && "$0" "$@"',
        '(pip install a && rm -rf x) && "$0" "$@"',
        'echo \'unfinished && "$0" "$@"',
        '"$0" "$@"',
    ],
)
def test_anything_else_is_left_to_the_shell(script: str) -> None:
    assert find_requirements(("sh", "-c", script)) == NOTHING


@pytest.mark.parametrize("command", [(), ("sh",), ("python3", "-c", REAL), ("sh", "-x", REAL)])
def test_commands_of_another_form_install_nothing(command: tuple[str, ...]) -> None:
    assert find_requirements(command) == NOTHING
