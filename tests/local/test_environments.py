"""Python environments: made once, found by content, the same for every process."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from kfp_airflow.diagnostics import ImageUnavailable, StepError
from kfp_airflow.local.environments import Environments
from kfp_airflow.local.images import PythonImage
from kfp_airflow.local.requirements import NOTHING
from tests.local.runs import PYTHON, Run, container, step

HERE = PythonImage(version=sys.version_info[:2])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an installable package, so that no test asks an index."""
    folder = tmp_path_factory.mktemp("package")
    folder.chmod(0o755)
    name = "kfpairflowprobe"
    info = f"{name}-1.0.dist-info"
    import zipfile

    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", "WORD = 'from the wheel'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return folder


def lightweight(package: Path, program: str, *, requirement: str = "kfpairflowprobe") -> tuple[str, ...]:
    """Return the command of a lightweight component with packages (W-02)."""
    pip = "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location"
    found = f"--find-links {package} '{requirement}'"
    run = 'program_path=$(mktemp)\nprintf "%s" "$0" > "$program_path"\npython3 -u "$program_path" "$@"\n'
    return ("sh", "-c", f'({pip} {found} || {pip} {found} --user) && "$0" "$@"', "sh", "-ec", run, program)


def test_a_lightweight_component_finds_its_packages_at_once(run_anywhere: Run, package: Path) -> None:
    """W-02: the command runs unchanged, and pip finds everything there."""
    main = container(*lightweight(package, "import kfpairflowprobe as p; print(p.WORD)"), image=PYTHON)
    assert run_anywhere(step(main)).exit_code == 0, run_anywhere.lines
    run_anywhere.lines.clear()
    started = time.monotonic()
    assert run_anywhere(step(main)).exit_code == 0
    assert run_anywhere.lines == ["from the wheel"]
    assert time.monotonic() - started < 3


def test_packages_that_cannot_be_installed_are_an_error_in_the_installer_s_words(
    run_anywhere: Run, package: Path
) -> None:
    main = container(*lightweight(package, "1", requirement="kfpairflowprobe==9"), image=PYTHON)
    with pytest.raises(
        StepError, match=r"^step 'train': an environment of Python [0-9.]+ with kfpairflowprobe==9 cannot be made: .*9"
    ):
        run_anywhere(step(main))


def test_pip_in_a_step_installs_for_this_step_only(run_anywhere: Run, package: Path, tmp_path: Path) -> None:
    wheel = package / "kfpairflowprobe-1.0-py3-none-any.whl"
    python = "python3 -c 'import kfpairflowprobe; print(kfpairflowprobe.WORD)'"
    target = f"/tmp/inputs/{wheel.name}"
    main = container("sh", "-ec", f'pip install --no-cache-dir -q "$0" && {python}', target, image=PYTHON)
    assert run_anywhere(step(main, inputs={"w": target}), w=wheel).exit_code == 0, run_anywhere.lines
    assert run_anywhere.lines[-1] == "from the wheel"
    alone = container("python3", "-c", "import kfpairflowprobe", image=PYTHON)
    assert run_anywhere(step(alone)).exit_code == 1


def test_every_way_to_call_python_and_pip_works(run: Run) -> None:
    names = "python python3 /usr/local/bin/python /usr/local/bin/python3"
    prefixes = f"for p in {names}; do $p -c 'import sys; print(sys.prefix)'; done | uniq"
    show = f"{prefixes}; pip --version; pip3 --version; python3 -m pip -V"
    outcome = run(step(container("sh", "-ec", show.replace("$", "$$"), image=PYTHON)))
    assert outcome.exit_code == 0, run.lines
    assert len(run.lines) == 4
    assert all(line.startswith("pip (uv) from ") for line in run.lines[1:])


def test_an_environment_is_made_once_and_found_again(cache: Path, tmp_path: Path) -> None:
    log: list[str] = []
    first = Environments(tmp_path, log=log.append).find(HERE, NOTHING, step_id="s")
    made = Path(first.folder).stat().st_mtime_ns
    assert Environments(tmp_path, log=log.append).find(HERE, NOTHING, step_id="s") == first
    assert Path(first.folder).stat().st_mtime_ns == made
    assert log == []


def test_one_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    made = Environments(tmp_path, log=print).find(HERE, NOTHING, step_id="s")
    (Path(made.folder) / "kfp-airflow.json").unlink()
    (Path(made.folder) / "rubbish").touch()
    assert Environments(tmp_path, log=print).find(HERE, NOTHING, step_id="s") == made
    assert not (Path(made.folder) / "rubbish").exists()


def test_processes_that_want_the_same_one_make_it_once(tmp_path: Path, package: Path) -> None:
    program = f"""
        from pathlib import Path
        from kfp_airflow.local.environments import *
        wanted = Requirements(packages=("kfpairflowprobe",), options=("--find-links", {str(package)!r}))
        image = PythonImage(version={HERE.version!r})
        Environments(Path({str(tmp_path)!r}), log=print).find(image, wanted, step_id="s")
    """
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", textwrap.dedent(program)]
    workers = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    assert "".join(said).count("making an environment") == 1, said
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_missing_version_is_replaced_by_the_nearest_with_one_line(tmp_path: Path) -> None:
    log: list[str] = []
    found = Environments(tmp_path, log=log.append).find(PythonImage(version=(3, 1)), NOTHING, step_id="s")
    advice = "(`uv python install 3.1` installs it)"
    assert log == [f"python:3.1 is not on this machine: Python {found.version} takes its place {advice}"]


def test_the_nearest_is_by_minor_version_the_newer_of_two(tmp_path: Path) -> None:
    interpreters = [{"path": sys.executable, "version": version} for version in ("3.8.1", "3.10.1", "3.13.1")]
    (tmp_path / "interpreters.json").write_text(json.dumps(interpreters))
    environments = Environments(tmp_path, log=print)
    chosen = {wanted: environments._choose(wanted).version for wanted in ((3, 7), (3, 9), (3, 11), (3, 12), (3,), ())}
    assert chosen == {
        (3, 7): "3.8.1",
        (3, 9): "3.10.1",
        (3, 11): "3.10.1",
        (3, 12): "3.13.1",
        (3,): "3.13.1",
        (): "3.13.1",
    }


def test_a_machine_without_any_python_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "interpreters.json").write_text("[]")
    message = r"^this machine has no Python for python:3\.12; `uv python install 3\.11` installs one$"
    with pytest.raises(ImageUnavailable, match=message):
        Environments(tmp_path, log=print).find(PythonImage(version=(3, 12)), NOTHING, step_id="s")
