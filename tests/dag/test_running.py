"""What a pipeline does at run time, its DAG does: run by Airflow itself on the process runtime."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kfp_airflow import dsl
from tests.dag.running import run

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # D-09: constructing ContainerOp directly

ODD = 'it\'s "quoted" {{ ds }} {% if %} {# gone? #} $(x) $HOME `id` $$ \\n \n\t ünï☃ --flag\n\n'


def say(name: str, *arguments: Any, code: str = 'printf "%s" "$1" > /tmp/out') -> dsl.ContainerOp:
    """A step that writes its first argument to its output, or does what `code` says."""
    return dsl.ContainerOp(
        name=name,
        image="busybox",
        command=["sh", "-c", code, "sh"],
        arguments=list(arguments),
        file_outputs={"out": "/tmp/out"},
    )


@pytest.mark.row("PP-10")
@pytest.mark.better("F-14", how="a value with `{{ }}`, `{% %}` or `$(x)` in it arrives as it is")
@pytest.mark.better("DP-05", how="A value is never expanded again: what a step wrote arrives as it is.")
def test_any_text_arrives_unchanged_as_parameter_output_and_file() -> None:  # DP-05
    @dsl.pipeline(name="odd-text")
    def pipeline(text: str = ODD) -> None:
        first = say("first", text)
        say("second", first.output)
        third = dsl.InputArgumentPath(first.output, input="text", path="/in/text")
        say("third", third, code='cp "$1" /tmp/out')

    ran = run(pipeline)
    assert ran.state == "success", ran
    assert ran.output("first") == ODD
    assert ran.output("second") == ODD.removesuffix("\n")  # exactly one newline less by value
    assert ran.output("third") == ODD  # none by file


@pytest.mark.row("PP-06", "PP-08")
@pytest.mark.better("PP-07", how="an argument without a default has to be given; `x=None` is the empty text")
def test_values_keep_kfps_text_rules() -> None:
    @dsl.pipeline(name="values")
    def pipeline(
        number: int = 3,
        share: float = 0.50,
        flag: bool = True,
        things: list = [1, "a"],  # noqa: B006 - as KFP's authors write it
        none: str = None,  # type: ignore[assignment]  # noqa: RUF013 - as KFP's authors write it
    ) -> None:
        say("all", f"{number}|{share}|{flag}|{things}|{none}|")

    assert run(pipeline).output("all") == '3|0.5|True|[1, "a"]||'
    assert (
        run(pipeline, flag=False, number=7, things=[{"k": "ü"}], none="x").output("all")
        == '7|0.5|False|[{"k": "ü"}]|x|'
    )


@pytest.mark.row("PP-09")
@pytest.mark.better("PP-09", how="in a manual run `[[ScheduledTime]]` is the time for which it was triggered")
def test_macros_are_replaced_in_defaults_and_in_given_values_alone() -> None:
    @dsl.pipeline(name="macros")
    def pipeline(
        uid: str = dsl.RUN_ID_PLACEHOLDER, given: str = "x", day: str = "[[ScheduledTime.2006-01-02]]"
    ) -> None:
        shown = say("shown", f"{uid}|{given}|{day}|{dsl.RUN_ID_PLACEHOLDER}|[[RunUUID]]")
        say("again", shown.output)

    ran = run(pipeline, given="at [[RunUUID]] {{ ds }}")
    uid, given, day, placeholder, text = ran.output("shown").split("|")
    assert (uid, given, text) == (placeholder, f"at {uid} {{{{ ds }}}}", "[[RunUUID]]")
    assert re.fullmatch(r"[0-9a-f-]{36}", uid)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", day)
    assert ran.output("again") == ran.output("shown")


@pytest.mark.row("PP-07")
def test_a_parameter_that_the_pipeline_does_not_have_is_refused() -> None:
    @dsl.pipeline(name="known-parameters")
    def pipeline(text: str = "x", other: str = "y") -> None:
        say("first", text)

    ran = run(pipeline, txt="z")
    assert ran.state == "failed"
    assert ran.why("first") == (
        "the run was given the parameter 'txt', which the pipeline does not have: it has 'text', 'other'. "
        "Trigger it again without it"
    )


@pytest.mark.better("PP-07", how="values have no limit of 10,000 bytes together")
def test_a_value_may_be_longer_than_kfp_takes() -> None:
    @dsl.pipeline(name="long-value")
    def pipeline(text: str = "") -> None:
        say("length", text, code='printf %s "${#1}" > /tmp/out')

    assert run(pipeline, text="x" * 100_000).output("length") == "100000"


@pytest.mark.row("DP-07")
@pytest.mark.better("A-11", how="Artifacts lie in the object storage that Airflow is given, whole.")
def test_large_binary_and_directory_outputs_go_through_the_store() -> None:  # DP-07
    @dsl.pipeline(name="stored")
    def pipeline() -> None:
        large = say("large", code="head -c 100000 /dev/zero | tr '\\0' x > /tmp/out")
        binary = say("binary", code="printf '\\377\\000' > /tmp/out")
        folder = say("folder", code="mkdir -p /tmp/out/empty && echo hi > /tmp/out/file")
        paths = [
            dsl.InputArgumentPath(step.output, input=step.name, path=f"/in/{step.name}")
            for step in (large, binary, folder)
        ]
        say("read", *paths, code='{ wc -c < "$1"; od -An -tx1 "$2"; cat "$3/file"; ls "$3"; } > /tmp/out')

    ran = run(pipeline)
    assert ran.state == "success", ran
    assert {name: ran.output(name)["kind"] for name in ("large", "binary", "folder")} == {
        "large": "file",
        "binary": "file",
        "folder": "directory",
    }
    assert ran.output("large")["size"] == 100_000
    assert ran.output("read").split() == ["100000", "ff", "00", "hi", "empty", "file"]


@pytest.mark.better("DP-06", "DP-07", how="Too large, or a folder: the step that takes it by value fails and says why.")
def test_what_cannot_be_text_says_so_by_value() -> None:  # DP-06, DP-07
    @dsl.pipeline(name="no-text")
    def pipeline() -> None:
        say("uses-large", say("large", code="head -c 200000 /dev/zero | tr '\\0' x > /tmp/out").output)
        say("uses-folder", say("folder", code="mkdir /tmp/out").output)
        say("uses-nul", say("nul", code="printf '\\000' > /tmp/out").output)

    ran = run(pipeline)
    assert ran.state == "failed"
    assert ran.why("uses-large") == (
        "step 'uses-large': output 'out' of step 'large' has 200,000 B and is used as text, "
        "of which 131,072 B can be handed over. Take it by file (InputPath)"
    )
    assert ran.why("uses-folder") == (
        "step 'uses-folder': output 'out' of step 'folder' is a directory and is used as text. "
        "Take it by file (InputPath)"
    )
    assert "holds a NUL character" in ran.why("uses-nul")


@pytest.mark.row("A-02", "F-10", "DP-01")
def test_a_failing_step_stops_only_what_depends_on_it_and_shows_its_outputs() -> None:  # A-02, DP-01
    @dsl.pipeline(name="failing")
    def pipeline() -> None:
        bad = say("bad", code="echo written > /tmp/out; exit 7")
        say("after-bad", bad.output)
        say("beside", say("other", "x").output)

    ran = run(pipeline)
    assert ran.state == "failed"
    assert ran.states == {"bad": "failed", "after-bad": "upstream_failed", "other": "success", "beside": "success"}
    assert ran.output("bad") == "written\n"
    assert ran.why("bad").startswith("step 'bad': ")
    assert "exit code 7" in ran.why("bad")


@pytest.mark.better("DP-01", how="A missing output file is named, with its path.")
def test_a_missing_output_file_is_named() -> None:  # DP-01
    @dsl.pipeline(name="missing")
    def pipeline() -> None:
        say("lazy", code="true")

    ran = run(pipeline)
    assert ran.state == "failed"
    assert ran.why("lazy") == (
        "step 'lazy' succeeded and did not write output 'out' (/tmp/out). "
        "Write the file, even if it is empty, or take it out of the step's outputs"
    )


@pytest.mark.row("CO-02", "CO-07", "CO-08", "CO-10", "A-03", "F-10")
@pytest.mark.parametrize(
    ("side", "ran_steps"), [("heads", {"flip", "yes", "inner", "always"}), ("tails", {"flip", "no", "always"})]
)
def test_conditions_choose_what_runs(side: str, ran_steps: set[str]) -> None:  # CO-02, CO-08, CO-10
    @dsl.pipeline(name="conditions")
    def pipeline(side: str, number: int = 10) -> None:
        flip = say("flip", side)
        with dsl.Condition(flip.output == "heads", "heads"):
            yes = say("yes", "1")
            with dsl.Condition(number > 9):
                say("inner", yes.output)
        with dsl.Condition(flip.output != "heads"):
            no = say("no", "0")
        say("always", "x").after(yes, no)

    ran = run(pipeline, side=side)
    assert ran.state == "success", ran
    assert {name for name, state in ran.states.items() if state == "success"} == ran_steps
    assert {state for name, state in ran.states.items() if name not in ran_steps} == {"skipped"}
    if side == "tails":
        assert ran.why("yes") == "condition 'heads' (out == 'heads') is false: 'tails' == 'heads'"


@pytest.mark.better("CO-11", how="A step that reads an output of a skipped step is skipped, and its log says why.")
def test_a_step_that_uses_a_skipped_steps_output_is_skipped_with_the_reason() -> None:  # CO-11
    @dsl.pipeline(name="skipped-output")
    def pipeline(go: str = "no") -> None:
        with dsl.Condition(go == "yes"):
            skipped = say("skipped", "1")
        say("uses", skipped.output)
        with dsl.Condition(skipped.output != "2"):
            say("compares", "x")
        with dsl.ParallelFor(skipped.output):
            say("loops", "x")

    ran = run(pipeline)
    assert ran.state == "success"
    assert set(ran.states.values()) == {"skipped"}
    assert (
        ran.why("uses") == "step 'uses' is skipped: output 'out' of step 'skipped' does not exist: the step was skipped"
    )
    assert ran.why("compares").endswith(
        "cannot hold: output 'out' of step 'skipped' does not exist: the step was skipped"
    )


@pytest.mark.better("DP-13", "L-13", how="Outputs of a loop are a JSON list outside of it, in item order.")
def test_loops_run_once_per_item_and_their_outputs_are_collected() -> None:  # L-02, L-05, L-06, DP-13
    @dsl.pipeline(name="loops")
    def pipeline(things: list = [1.5, 'a "b"', None, {"k": [1, 2]}]) -> None:  # noqa: B006
        made = say("made", code='echo \'[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]\' > /tmp/out')
        with dsl.ParallelFor(things) as thing:
            inner = say("over-parameter", thing)
            say("same-iteration", f"<{inner.output}>")
        with dsl.ParallelFor(made.output) as item:
            by_key = say("over-output", f"{item.a}{item.b}")
        with dsl.ParallelFor([1, "two"]) as static:
            say("over-list", static)
        say("collects", inner.output)
        path = dsl.InputArgumentPath(by_key.output, input="all", path="/in/all")
        say("collects-file", path, code='cp "$1" /tmp/out')

    ran = run(pipeline)
    assert ran.state == "success", ran
    texts = ["1.5", 'a "b"', "null", '{"k":[1,2]}']
    assert [ran.output(f"over-parameter[{index}]") for index in range(4)] == texts
    assert [ran.output(f"same-iteration[{index}]") for index in range(4)] == [f"<{text}>" for text in texts]
    assert [ran.output(f"over-list[{index}]") for index in range(2)] == ["1", "two"]
    assert json.loads(ran.output("collects")) == texts
    assert json.loads(ran.output("collects-file")) == ["1x", "2y"]


@pytest.mark.row("L-06")
def test_an_empty_list_skips_the_loop_and_collects_nothing() -> None:  # L-06
    @dsl.pipeline(name="empty-loop")
    def pipeline(things: list = []) -> None:  # noqa: B006
        with dsl.ParallelFor(things) as thing:
            inner = say("inner", thing)
        say("after", "x").after(inner)
        say("collects", inner.output)

    ran = run(pipeline)
    assert ran.state == "success", ran
    assert ran.states["inner"] == "skipped"
    assert ran.states["after"] == "success"
    assert ran.output("collects") == "[]"


@pytest.mark.row("L-06")
def test_what_is_no_list_fails_the_loop_with_the_text() -> None:  # L-06
    @dsl.pipeline(name="no-list")
    def pipeline() -> None:
        with dsl.ParallelFor(say("made", "abc").output) as item:
            say("inner", item)

    ran = run(pipeline)
    assert ran.state == "failed"
    assert ran.states["for-loop-1-items"] == "failed"


@pytest.mark.row("L-14")
def test_one_failing_iteration_leaves_the_others_running() -> None:  # L-14
    @dsl.pipeline(name="failing-iteration")
    def pipeline() -> None:
        with dsl.ParallelFor([0, 1, 0]) as code:
            first = say("first", code, code='printf "%s" "$1" > /tmp/out; exit $1')
            say("second", first.output)

    ran = run(pipeline)
    assert ran.state == "failed"
    assert [ran.states[f"first[{index}]"] for index in range(3)] == ["success", "failed", "success"]
    assert [ran.states[f"second[{index}]"] for index in range(3)] == ["success", "upstream_failed", "success"]


@pytest.mark.row("EH-02", "EH-05")
@pytest.mark.parametrize(("code", "state", "status"), [(0, "success", "Succeeded"), (3, "failed", "Failed")])
def test_an_exit_handler_runs_and_never_hides_a_failure(code: int, state: str, status: str) -> None:  # EH-02, EH-05
    @dsl.pipeline(name="handled")
    def pipeline(code: int) -> None:
        with dsl.ExitHandler(say("bye", "{{workflow.status}} of {{ workflow.name }}")):
            say("work", code, code='echo done > /tmp/out; exit "$1"')

    ran = run(pipeline, code=code)
    assert ran.state == state
    assert ran.output("bye").startswith(f"{status} of handled-")


@pytest.mark.row("EH-02")
def test_a_failing_exit_handler_fails_a_run_that_had_succeeded() -> None:  # EH-02
    @dsl.pipeline(name="failing-handler")
    def pipeline() -> None:
        with dsl.ExitHandler(say("bye", code="exit 1")):
            say("work", "x")

    ran = run(pipeline)
    assert (ran.state, ran.states["work"], ran.states["bye"]) == ("failed", "success", "failed")


@pytest.mark.row("A-05", "B-09")
def test_a_step_is_retried_as_its_policy_and_its_number_say_also_where_the_run_brings_it() -> None:
    @dsl.pipeline(name="retried")
    def pipeline(number: int, word: str) -> None:
        told = say("told", "1")
        say("no-failures", code="exit 1").set_retry(2, policy="OnError")
        say("no-errors", code="true").set_retry(2, policy="OnFailure")
        say("by-parameter", code="exit 1").set_retry(number)
        say("by-output", code="exit 1").set_retry(told.output)
        say("by-word", code="exit 1").set_retry(word)
        say("always-by-word", code="exit 1").set_retry(word, policy="Always")

    ran = run(pipeline, number=2, word="some")
    assert {task for task, state in ran.states.items() if state == "success"} == {"told"}
    assert "attempt" not in ran.why("no-failures") + ran.why("no-errors")
    assert ran.why("by-parameter").endswith(" (attempt 3 of 3)")
    assert ran.why("by-output").endswith(" (attempt 2 of 2)")
    assert ran.why("by-word") == "step 'by-word': the number of retries is 'some', which is no whole number"
    assert ran.why("always-by-word") == ran.why("by-word").replace("by-word", "always-by-word")


@pytest.mark.row("B-09")
def test_all_attempts_of_a_step_share_the_time_that_backoff_max_duration_gives() -> None:
    @dsl.pipeline(name="budget")
    def pipeline() -> None:
        say("slow", code="sleep 1; exit 1").set_retry(9, backoff_duration="0", backoff_max_duration="3s")
        say("long", code="sleep 60").set_retry(9, backoff_duration="0", backoff_max_duration="2s")

    ran = run(pipeline)
    assert set(ran.states.values()) == {"failed"}
    assert "the time for all attempts together (backoff_max_duration 3s) is over" in ran.why("slow")
    assert "attempt 1;" not in ran.why("slow")
    assert ran.why("long").startswith("step 'long': ran longer than its limit of 2 s and was ended (attempt 1; before")


@pytest.mark.row("A-04")
def test_an_exit_handler_runs_after_the_run_s_own_time_limit() -> None:  # A-04, EH-02
    @dsl.pipeline(name="limited-run")
    def pipeline() -> None:
        dsl.get_pipeline_conf().set_timeout(3)
        with dsl.ExitHandler(say("bye", "{{workflow.status}}")):
            say("later", say("slow", code="sleep 60").output)

    ran = run(pipeline)
    assert (ran.state, ran.states["slow"], ran.states["later"]) == ("failed", "failed", "upstream_failed")
    assert ran.output("bye") == "Failed"


@pytest.mark.row("A-04")
def test_a_time_limit_ends_a_step_and_is_named() -> None:
    @dsl.pipeline(name="limited")
    def pipeline() -> None:
        say("slow", code="sleep 60").set_timeout(1)

    ran = run(pipeline)
    assert ran.state == "failed"
    assert "1 s" in ran.why("slow")
