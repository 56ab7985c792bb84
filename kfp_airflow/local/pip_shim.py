"""`pip` in an environment of a step: at once where everything is there already, otherwise by uv.

Copied into environments as the package `pip`, so it runs on every Python from 3.6 on, without this project. The real
pip takes half a second to find out that nothing is to be done.
"""

import json
import os
import sys

_SILENT = {
    "-q",
    "-qq",
    "--quiet",
    "--user",
    "--no-warn-script-location",
    "--disable-pip-version-check",
    "--no-cache-dir",
}
_WITH_VALUE = {"-i", "--index-url", "--extra-index-url", "--trusted-host", "-f", "--find-links"}
# pip's spelling: uv's, empty where uv has no need of it; "=" where a value follows that goes as well.
_UV_SPELLING = {
    "--user": "",
    "--no-warn-script-location": "",
    "--disable-pip-version-check": "",
    "--yes": "",
    "-y": "",
    "--progress-bar": "=",
    "--root-user-action": "=",
    "--timeout": "=",
    "--default-timeout": "=",
    "--retries": "=",
    "--no-cache-dir": "--no-cache",
    "--ignore-installed": "--reinstall",
    "--force-reinstall": "--reinstall",
    "-I": "--reinstall",
    "--pre": "--prerelease=allow",
    "--trusted-host": "--allow-insecure-host",
    "-i": "--index-url",
    "-f": "--find-links",
    "-qq": "-q",
}
_COMMANDS = {"install", "uninstall", "list", "freeze", "show", "check"}


def main(given: "list[str] | None" = None) -> int:
    """Do what `pip ARGUMENTS` does; return the exit code."""
    arguments = list(sys.argv[1:] if given is None else given)
    with open(os.path.join(sys.prefix, "kfp-airflow.json")) as file:  # noqa: PTH123  (pathlib costs 5 ms)
        environment = json.load(file)
    if arguments[:1] == ["install"] and _is_satisfied(arguments[1:], environment["packages"]):
        return 0
    if arguments[:1] in (["--version"], ["-V"]):
        version = "pip (uv) from {} (python {}.{})\n".format(os.path.dirname(__file__), *sys.version_info[:2])
        sys.stdout.write(version)
        return 0
    if not arguments or arguments[0] not in _COMMANDS:
        sys.stderr.write("pip {}: not here; {} work\n".format(" ".join(arguments[:1]), ", ".join(sorted(_COMMANDS))))
        return 2
    return _run_uv(environment, arguments)


def _is_satisfied(arguments: "list[str]", present: "list[str]") -> bool:
    """Tell whether all that is asked for is what the environment was made with; say so as pip does."""
    wanted = []
    rest = iter(arguments)
    for argument in rest:
        if argument in _WITH_VALUE:
            next(rest, None)
        elif argument.startswith("-"):
            if argument not in _SILENT and argument.partition("=")[0] not in _WITH_VALUE:
                return False
        else:
            wanted.append(argument)
    if not wanted or not set(wanted) <= set(present):
        return False
    if not {"-q", "-qq", "--quiet"} & set(arguments):
        for requirement in wanted:
            sys.stdout.write(f"Requirement already satisfied: {requirement}\n")
    return True


def _run_uv(environment: "dict[str, str]", arguments: "list[str]") -> int:
    command = [environment["uv"], "pip", arguments[0]]
    rest = iter(arguments[1:])
    for argument in rest:
        name, equals, value = argument.partition("=")
        spelling = _UV_SPELLING.get(name if argument.startswith("--") else argument, argument)
        if spelling == "=":
            if not equals:
                next(rest, None)
        elif spelling:
            command.append(spelling + equals + value if spelling != argument and equals else spelling)
    packages = os.environ.get("KFP_AIRFLOW_PACKAGES")
    if packages and arguments[0] == "install":
        command += ["--target", packages]
    os.environ.update(
        UV_CACHE_DIR=environment["uv_cache"], UV_LINK_MODE="copy", UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=sys.prefix
    )
    command += ["--python", sys.executable]
    os.execv(command[0], command)  # noqa: S606  (uv)
