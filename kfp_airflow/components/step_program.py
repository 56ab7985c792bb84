"""The parts of a lightweight component's program that call the author's function: copied into the program.

They run in the step's container, on Python 3.6 and later, with nothing installed: hence no newer syntax, and names that
no author uses. `program.py` picks the ones that a component needs, without type hints (W-06 to W-11, F-11, F-12).
"""
# ruff: noqa: B905, PTH103, PTH123, S301 - the shortest text that old Pythons run: authors read it in their pods

from __future__ import annotations

import base64 as _kfp_base64
import importlib.util as _kfp_import_util
import json as _kfp_json
import os as _kfp_os
import pickle as _kfp_pickle
import subprocess as _kfp_subprocess
import sys as _kfp_sys
from collections.abc import Callable
from typing import IO, Any, NoReturn, TypeAlias

_Input: TypeAlias = tuple[str, str, Callable[[str], object], bool]
_Output: TypeAlias = tuple[str, Callable[[object], str]]


def _kfp_read_boolean(text: str) -> bool:
    word = text.strip().lower()
    if word in ("y", "yes", "t", "true", "on", "1"):
        return True
    if word in ("n", "no", "f", "false", "off", "0"):
        return False
    raise ValueError("neither true nor false")


def _kfp_read_json(text: str) -> object:
    return _kfp_json.loads(text)


def _kfp_read_pickle(text: str) -> object:
    return _kfp_pickle.loads(_kfp_base64.b64decode(text))


def _kfp_read_function(text: str) -> Any:
    return _kfp_unpickle(**_kfp_json.loads(text))


def _kfp_open_text_input(path: str) -> IO[str]:
    return open(path, encoding="utf-8")


def _kfp_open_binary_input(path: str) -> IO[bytes]:
    return open(path, "rb")


def _kfp_with_folder(path: str) -> str:
    _kfp_os.makedirs(_kfp_os.path.dirname(path) or ".", exist_ok=True)
    return path


def _kfp_open_text_output(path: str) -> IO[str]:
    return open(_kfp_with_folder(path), "w", encoding="utf-8")


def _kfp_open_binary_output(path: str) -> IO[bytes]:
    return open(_kfp_with_folder(path), "wb")


def _kfp_checked(value: object, *types: type) -> str:
    if not isinstance(value, types):
        raise TypeError(f"a value of type {types[0].__name__} is expected, got one of type {type(value).__name__}")
    return str(value)


def _kfp_write_str(value: object) -> str:
    return _kfp_checked(value, str)


def _kfp_write_int(value: object) -> str:
    return _kfp_checked(value, int, str)


def _kfp_write_float(value: object) -> str:
    return _kfp_checked(value, float, int, str)


def _kfp_write_boolean(value: object) -> str:
    return _kfp_checked(value, bool, str)


def _kfp_struct(value: Any) -> object:
    if hasattr(value, "to_struct"):
        return value.to_struct()
    raise TypeError(f"an object of type {type(value).__name__} has no JSON form")


def _kfp_write_json(value: object) -> str:
    return value if isinstance(value, str) else _kfp_json.dumps(value, default=_kfp_struct, sort_keys=True)


def _kfp_write_pickle(value: object) -> str:
    return value if isinstance(value, str) else _kfp_base64.b64encode(_kfp_pickle.dumps(value)).decode("ascii")


def _kfp_refuse(message: str) -> NoReturn:
    _kfp_sys.stderr.write(f"error: {message}\n")
    _kfp_sys.exit(2)


def _kfp_unpickle(python: str, cloudpickle: str, data: str) -> Any:
    found = ".".join(map(str, _kfp_sys.version_info[:2]))
    if found != python:
        _kfp_refuse(
            f"this code was pickled by Python {python}, and this image has Python {found}. "
            f"Choose a base_image with Python {python}, or pickle it with Python {found}"
        )
    if _kfp_import_util.find_spec("cloudpickle") is None:
        install = [_kfp_sys.executable, "-m", "pip", "install", "--quiet", "--no-warn-script-location"]
        install += ["--disable-pip-version-check", f"cloudpickle=={cloudpickle}"]
        if _kfp_subprocess.call(install) and _kfp_subprocess.call([*install, "--user"]):
            _kfp_refuse("cloudpickle is not in this image and cannot be installed. Choose a base_image that has it")
    return _kfp_pickle.loads(_kfp_base64.b64decode(data))


def _kfp_split_command_line(counts: dict[str, int]) -> dict[str, list[str]]:
    # Every flag has a fixed number of values, so a value may begin with a dash.
    given, words = {}, _kfp_sys.argv[1:]
    while words:
        flag = words.pop(0)
        if flag not in counts and flag.partition("=")[0] in counts:
            flag, _, value = flag.partition("=")
            words.insert(0, value)
        if flag not in counts:
            _kfp_refuse(f"unrecognized arguments: {flag}")
        if len(words) < counts[flag]:
            _kfp_refuse(f"argument {flag}: {counts[flag]} value(s) expected, {len(words)} found")
        given[flag], words = words[: counts[flag]], words[counts[flag] :]
    return given


def _kfp_read_arguments(given: dict[str, list[str]], inputs: list[_Input]) -> dict[str, object]:
    missing = [flag for flag, _, _, required in inputs if required and flag not in given]
    if missing:
        _kfp_refuse("the following arguments are required: " + ", ".join(missing))
    arguments = {}
    for flag, name, read, _ in inputs:
        if flag in given:
            try:
                arguments[name] = read(given[flag][0])
            except (TypeError, ValueError) as error:
                _kfp_refuse(f"argument {flag}: {error}")
    return arguments


def _kfp_write_outputs(values: Any, outputs: list[_Output], paths: list[str]) -> None:
    names = ", ".join(name for name, _ in outputs)
    if isinstance(values, (str, bytes, dict)) or len(values) < len(outputs):
        raise TypeError(f"a tuple of the outputs {names} has to be returned, not a {type(values).__name__}")
    texts = []
    for index, (name, write) in enumerate(outputs):
        try:
            texts.append(write(values[index]))
        except TypeError as error:
            raise TypeError(f"output {name!r}: {error}") from error
    for path, text in zip(paths, texts):
        with open(_kfp_with_folder(path), "w", encoding="utf-8", newline="") as file:
            file.write(text)


def _kfp_run(function: Callable[..., Any], inputs: list[_Input], outputs: list[_Output], single: bool) -> None:
    counts = {flag: 1 for flag, _, _, _ in inputs}
    given = _kfp_split_command_line({**counts, "----output-paths": len(outputs)})
    arguments = _kfp_read_arguments(given, inputs)
    result = function(**arguments)
    for argument in arguments.values():
        if hasattr(argument, "fileno") and hasattr(argument, "close"):
            argument.close()
    if outputs:
        _kfp_write_outputs([result] if single else result, outputs, given.get("----output-paths", []))
