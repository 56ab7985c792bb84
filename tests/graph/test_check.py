"""Every rule of graph.check has an example that breaks it, and its whole message is read."""

from collections.abc import Callable

import pytest

from kfp_airflow.diagnostics import Where
from kfp_airflow.graph import model
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import (
    Caching,
    Call,
    Comparison,
    Condition,
    Container,
    ContainerStep,
    ExitHandler,
    Graph,
    InputFile,
    Loop,
    Member,
    OutputFile,
    Parameter,
    Pipeline,
    PodOptions,
    ResourceStep,
    Retry,
    Settings,
    SubGraph,
)
from kfp_airflow.graph.rules import RULES, rule
from kfp_airflow.graph.text import (
    EMPTY,
    ArgumentRef,
    ItemRef,
    OutputRef,
    ParameterRef,
    Part,
    RunRef,
    Struct,
    text,
    tree,
)

TRUE = Comparison(left=text("1"), operator="==", right=text("1"))
OUTPUTS = (OutputFile(name="accuracy", path="/a"), OutputFile(name="model", path="/m"))


def step(member_id: str = "a", *args: Part, **fields: object) -> ContainerStep:
    container = Container(image=text("image"), args=tuple(text(arg) for arg in args))
    where = Where(f"{member_id}.py", 1)
    return ContainerStep(**{"id": member_id, "name": member_id, "container": container, "where": where, **fields})


def condition(*members: Member, member_id: str = "condition-1", **fields: object) -> Condition:
    return Condition(**{"id": member_id, "when": TRUE, "members": members, "where": Where("c.py", 2), **fields})


def loop(*members: Member, member_id: str = "for-loop-1", items: object = (1,), **fields: object) -> Loop:
    return Loop(**{"id": member_id, "items": items, "members": members, "where": Where("l.py", 3), **fields})


def handler(of: ContainerStep, *members: Member) -> ExitHandler:
    return ExitHandler(id="exit-handler-1", handler=of, members=members, where=Where("e.py", 4))


def graph(*members: Member, **fields: object) -> Graph:
    given = (("a", ParameterRef("p")),)
    where = Where("g.py", 5)
    return Graph(**{"id": "graph-g-1", "name": "g", "arguments": given, "members": members, "where": where, **fields})


def call(**fields: object) -> Call:
    given = (("a", ArgumentRef("graph-g-1", "a")),)
    where = Where("k.py", 6)
    return Call(**{"id": "call", "graph": "graph-g-1", "name": "g", "arguments": given, "where": where, **fields})


def pipeline(*members: Member, **fields: object) -> Pipeline:
    return Pipeline(**{"name": "p", "members": members, "where": Where("p.py", 9), **fields})


def container(**fields: object) -> Container:
    return Container(**{"image": text("image"), **fields})


BAD: dict[str, list[tuple[Pipeline, str, str]]] = {
    "KA020": [
        (
            pipeline(step(), condition(step())),
            "a.py:1: the id 'a' is taken by the step at a.py:1 [KA020]",
            "Give one of the two another name; one op can be the exit handler of one dsl.ExitHandler only.",
        )
    ],
    "KA021": [
        (
            pipeline(condition(member_id="é")),
            (
                "c.py:2: the id 'é' of a condition has 1 characters; Airflow takes 1 to 200 ASCII "
                "letters, digits, '-' and '_' [KA021]"
            ),
            "Give it a shorter name of such characters; set_display_name takes any text.",
        )
    ],
    "KA022": [
        (
            pipeline(step("a", ParameterRef("lr")), parameters=(Parameter(name="rate"), Parameter(name="n"))),
            (
                "a.py:1: step 'a': uses the parameter 'lr', which the pipeline does not have: it has 'n' "
                "and 'rate' [KA022]"
            ),
            "Add 'lr' to the arguments of the pipeline function.",
        ),
        (
            pipeline(step("a", ParameterRef("git-branch")), parameters=(Parameter(name="git_branch"),)),
            (
                "a.py:1: step 'a': uses the parameter 'git-branch', which the pipeline does not have: it has "
                "'git_branch' [KA022]"
            ),
            "Write 'git_branch': the names of parameters stay as they are.",
        ),
    ],
    "KA023": [
        (
            pipeline(step("train", outputs=OUTPUTS), step("evaluate", OutputRef("train", "acuracy"))),
            (
                "evaluate.py:1: step 'evaluate': reads output 'acuracy' of step 'train', which has "
                "'accuracy' and 'model' [KA023]"
            ),
            "Write one of those, or declare 'acuracy' in file_outputs at train.py:1.",
        ),
        (
            pipeline(step("train"), step("evaluate", OutputRef("train", "x"))),
            "evaluate.py:1: step 'evaluate': reads output 'x' of step 'train', which has none [KA023]",
            "Declare 'x' in file_outputs at train.py:1.",
        ),
        (
            pipeline(condition(when=Comparison(left=text(OutputRef("x", "o")), operator="==", right=EMPTY))),
            (
                "c.py:2: the condition 'condition-1' reads output 'o' of step 'x', which this pipeline "
                "does not have [KA023]"
            ),
            "Use outputs of steps of the same pipeline only.",
        ),
        (
            pipeline(condition(), step("a", OutputRef("condition-1", "o"))),
            "a.py:1: step 'a': reads an output of the condition 'condition-1' [KA023]",
            "Only steps have outputs.",
        ),
    ],
    "KA024": [
        (
            pipeline(loop(), step("a", ItemRef("for-loop-1"))),
            "a.py:1: step 'a': uses the item of the loop 'for-loop-1' outside of that loop [KA024]",
            (
                "Move it into the `with dsl.ParallelFor(…)` block, or read an output of a step in there: "
                "outside it is a JSON list."
            ),
        ),
        (
            pipeline(loop(step("a", ItemRef("for-loop-1", "k")), items=(Struct(((text("k"), 1),)), Struct()))),
            "a.py:1: step 'a': uses 'k' of the loop's item, and item 1 of the loop at l.py:3 has none [KA024]",
            "Give every item of the loop a 'k'.",
        ),
    ],
    "KA025": [
        (
            pipeline(step("a", after=("b",)), step("b", after=("a",))),
            "a.py:1: these wait for each other without end: 'a' → 'b' → 'a' [KA025]",
            "Take one of the dependencies away: an .after(), or an output that is used.",
        )
    ],
    "KA026": [
        (
            pipeline(handler(step("bye", OutputRef("a", "model")), step("a", outputs=OUTPUTS))),
            (
                "bye.py:1: step 'bye': is an exit handler and reads output 'model' of step 'a', which may "
                "never have run [KA026]"
            ),
            "Use pipeline arguments and {{workflow.status}}, {{workflow.failures}}, {{workflow.duration}} in it.",
        ),
        (
            pipeline(handler(step("bye", after=("a",)), step("a"))),
            "bye.py:1: step 'bye': is an exit handler and comes after 'a' [KA026]",
            "Take the .after() away: an exit handler comes after everything in its block anyway.",
        ),
    ],
    "KA027": [
        (
            pipeline(handler(step("bye", outputs=OUTPUTS)), step("b", OutputRef("bye", "model"))),
            "b.py:1: step 'b': waits for the exit handler 'bye', which runs after everything else [KA027]",
            "Let the exit handler do that work itself, or make an ordinary step of it.",
        )
    ],
    "KA028": [
        (
            pipeline(step("a", RunRef("failures"))),
            "a.py:1: step 'a': uses {{workflow.failures}}, which is known after the end of the run only [KA028]",
            "Use it in the op of a dsl.ExitHandler; elsewhere it is an empty text.",
        )
    ],
    "KA029": [
        (
            pipeline(step("a", after=("x",))),
            "a.py:1: step 'a': comes after 'x', which this pipeline does not have [KA029]",
            "Give .after() steps and entered groups of the same pipeline.",
        )
    ],
    "KA030": [
        (
            pipeline(step("a", retry=Retry(backoff_duration="soon"))),
            "a.py:1: step 'a': set_retry(backoff_duration='soon') is no duration [KA030]",
            "Write seconds, or a number with a unit: '30', '2m', '1h'.",
        ),
        (
            pipeline(step("a", retry=Retry(backoff_factor=0))),
            "a.py:1: step 'a': set_retry(backoff_factor=0) is not above 0 [KA030]",
            "Write 2 to double the delay each time.",
        ),
    ],
    "KA031": [
        (
            pipeline(step("a", retry=Retry(policy="x"))),
            "a.py:1: step 'a': has the retry policy 'x' [KA031]",
            "Take one of Always, OnError, OnFailure, OnTransientError.",
        )
    ],
    "KA032": [
        (
            pipeline(step("a", retry=Retry(limit=text("-1")))),
            "a.py:1: step 'a': set_retry(num_retries='-1') is no number of retries [KA032]",
            "Write a whole number from 0.",
        )
    ],
    "KA033": [
        (
            pipeline(step("a", timeout_s=-5)),
            "a.py:1: step 'a': has a time limit of -5 s [KA033]",
            "Write whole seconds from 1 in set_timeout, or take it away.",
        ),
        (
            pipeline(settings=Settings(timeout_s=-1)),
            "p.py:9: the run has a time limit of -1 s [KA033]",
            "Write whole seconds from 1, or take it away.",
        ),
    ],
    "KA034": [
        (
            pipeline(step("a", caching=Caching(max_staleness="30 days"))),
            "a.py:1: step 'a': has max_cache_staleness '30 days', which is no ISO 8601 duration [KA034]",
            "Write 'P30D' for 30 days, 'P0D' for never.",
        )
    ],
    "KA035": [
        (
            pipeline(step("a", container=container(image=EMPTY))),
            "a.py:1: step 'a': has no image [KA035]",
            "Name the image: `image:` in a component, or dsl.ContainerOp(image='python:3.12', …).",
        ),
        (
            pipeline(step("a", pod=PodOptions(sidecars=(container(name=text("s"), image=EMPTY),)))),
            "a.py:1: step 'a': container 's': has no image [KA035]",
            "Name the image: `image:` in a component, or dsl.ContainerOp(image='python:3.12', …).",
        ),
    ],
    "KA036": [
        (
            pipeline(step("a", outputs=(OutputFile(name="o", path="out.txt"),))),
            "a.py:1: step 'a': has the path 'out.txt' for 'o', which begins in the image's working folder [KA036]",
            "Write an absolute path of a file: '/tmp/outputs/model'.",
        ),
        (
            pipeline(step("a", outputs=(OutputFile(name="o", path="/"),))),
            "a.py:1: step 'a': has the path '/' for 'o' [KA036]",
            "Write an absolute path of a file: '/tmp/outputs/model'.",
        ),
    ],
    "KA037": [
        (
            pipeline(step("a", inputs=(InputFile(name="i", path="/i", source=EMPTY),) * 2)),
            "a.py:1: step 'a': has several inputs named 'i' [KA037]",
            "Give each a name of its own.",
        )
    ],
    "KA038": [
        (
            pipeline(loop(items=RunRef("uid"))),
            "l.py:3: the loop goes over RunRef(field='uid'), which is no list [KA038]",
            "Give dsl.ParallelFor a list.",
        )
    ],
    "KA039": [
        (
            pipeline(SubGraph(id="subgraph-1", parallelism=0, where=Where("s.py", 5))),
            "s.py:5: parallelism is 0 [KA039]",
            "Write a whole number from 1, or leave it out for no limit.",
        ),
        (
            pipeline(settings=Settings(parallelism=0)),
            "p.py:9: parallelism is 0 [KA039]",
            "Write a whole number from 1, or leave it out for no limit.",
        ),
    ],
    "KA040": [
        (
            pipeline(condition(when=Comparison(left=EMPTY, operator="in", right=EMPTY))),
            "c.py:2: the condition 'condition-1' compares by 'in' [KA040]",
            "Take one of ==, !=, <, <=, >, >=.",
        )
    ],
    "KA041": [
        (
            pipeline(settings=Settings(image_pull_policy="x")),
            "p.py:9: Invalid imagePullPolicy 'x' in the pipeline's settings [KA041]",
            "Take one of Always, IfNotPresent, Never.",
        ),
        (
            pipeline(step("a", container=container(options=Struct(((text("imagePullPolicy"), text("x")),))))),
            "a.py:1: step 'a': Invalid imagePullPolicy 'x' [KA041]",
            "Take one of Always, IfNotPresent, Never.",
        ),
    ],
    "KA042": [
        (
            pipeline(ResourceStep(id="a", name="a", action="get", manifest=None, where=Where("a.py", 1))),
            "a.py:1: step 'a': has the action 'get' [KA042]",
            "Take one of create, apply, patch, delete.",
        )
    ],
    "KA043": [
        (
            pipeline(parameters=(Parameter(name="lr"), Parameter(name="lr"))),
            "p.py:9: the pipeline has several parameters named 'lr' [KA043]",
            "Give each a name of its own.",
        )
    ],
    "KA044": [
        (
            pipeline(step("a", "{{=1+1}}")),
            "a.py:1: step 'a': has the text '{{=1+1}}', which is handed on as it is [KA044]",
            "Outputs, parameters and items are used as Python values; of Argo's variables those of the run are known.",
        )
    ],
    "KA045": [
        (
            pipeline(step("a", pod=PodOptions(sidecars=(container(name=text("main")),)))),
            "a.py:1: step 'a': has an init container or sidecar named 'main' [KA045]",
            "Use lower-case letters, digits and '-', at most 63, and not 'main', which is the step's own container.",
        ),
        (
            pipeline(step("a", pod=PodOptions(sidecars=(container(name=text("s")),) * 2))),
            "a.py:1: step 'a': has several init containers or sidecars named 's' [KA045]",
            "Give each a name of its own.",
        ),
    ],
    "KA046": [
        (
            pipeline(graph(step("a", ArgumentRef("graph-g-1", "b"))), parameters=(Parameter(name="p"),)),
            "a.py:1: step 'a': uses the argument 'b' of the graph component 'g', which was called with 'a' [KA046]",
            "Hand over 'b' where 'g' is called.",
        ),
        (
            pipeline(graph(), step("b", ArgumentRef("graph-g-1", "a")), parameters=(Parameter(name="p"),)),
            "b.py:1: step 'b': uses the argument 'a' of the graph component 'graph-g-1' outside of it [KA046]",
            "Use what was handed over itself, or let the function return it.",
        ),
    ],
    "KA047": [
        (
            pipeline(graph(), condition(call(arguments=())), parameters=(Parameter(name="p"),)),
            "k.py:6: the call 'call' calls 'graph-g-1', which is no graph component around it [KA047]",
            "Call it from the inside.",
        ),
        (
            pipeline(graph(condition(call(arguments=()))), parameters=(Parameter(name="p"),)),
            "k.py:6: the call 'call' hands over none, and 'g' was called with 'a' [KA047]",
            "Hand over the same arguments in both calls.",
        ),
    ],
    "KA048": [
        (
            pipeline(condition(graph(call())), parameters=(Parameter(name="p"),)),
            (
                "k.py:6: the call 'call' runs its graph component again whatever happens, so the run does not "
                "end by itself [KA048]"
            ),
            "Put the call under a dsl.Condition.",
        )
    ],
    "KA049": [
        (
            pipeline(step("a", "--from={{$.inputs.artifacts['x'].uri}}")),
            (
                "a.py:1: step 'a': has the text \"{{$.inputs.artifacts['x'].uri}}\", a placeholder of KFP v2 that "
                "nothing replaces [KA049]"
            ),
            "Use inputValue, inputPath or outputPath in the component.",
        )
    ],
    "KA050": [
        (
            pipeline(step("a", container=container(options=tree({"workingDir": ["/x"]})))),
            "a.py:1: step 'a': has a list as workingDir, which is a text [KA050]",
            "Write one text.",
        ),
        (
            pipeline(step("a", container=container(options=tree({"imagePullPolicy": {"x": 1}})))),
            "a.py:1: step 'a': has an object as imagePullPolicy, which is a text [KA050]",
            "Write one text.",
        ),
        (
            pipeline(step("a", container=container(options=tree({"securityContext": {"privileged": "true"}})))),
            "a.py:1: step 'a': has 'true' as privileged, which is true or false [KA050]",
            "Write it without quotes.",
        ),
        (
            pipeline(step("a", container=container(options=tree({"ports": [{"containerPort": True}]})))),
            "a.py:1: step 'a': has True as containerPort, which is a whole number [KA050]",
            "Write a whole number.",
        ),
        (
            pipeline(step("a", pod=PodOptions(tolerations=(tree({"tolerationSeconds": 1.5}),)))),
            "a.py:1: step 'a': has 1.5 as tolerationSeconds, which is a whole number [KA050]",
            "Write a whole number.",
        ),
        (
            pipeline(
                step("a", container=container(options=tree({"tty": text(ParameterRef("n"))}))),
                parameters=(Parameter(name="n"),),
            ),
            (
                "a.py:1: step 'a': gives a value of the run to tty, which is true or false: Kubernetes takes no text "
                "there [KA050]"
            ),
            "Write the value itself.",
        ),
    ],
}


CASES = [(code, *case) for code, cases in BAD.items() for case in cases]


@pytest.mark.parametrize(("code", "bad", "problem", "advice"), CASES)
def test_a_breach_is_told_with_place_problem_and_advice(code: str, bad: Pipeline, problem: str, advice: str) -> None:
    assert [str(found) for found in check(bad)] == [f"{problem}\n  {advice}"]
    assert RULES[code].find.__doc__


def test_every_rule_has_an_example_that_breaks_it() -> None:
    assert list(BAD) == sorted(RULES)


def test_a_code_is_given_once() -> None:
    with pytest.raises(ValueError, match=r"^two rules have the code KA020: duplicate_ids and other$"):

        @rule("KA020")
        def other(survey: object) -> tuple[()]:
            return ()


def test_a_sound_pipeline_has_no_diagnostics() -> None:
    use = step("c", ItemRef("for-loop-2"), ItemRef("for-loop-1"))
    inner = loop(use, member_id="for-loop-2", items=ItemRef("for-loop-1"))
    sound = pipeline(
        handler(
            step("bye", RunRef("status"), RunRef("failures"), ParameterRef("lr")),
            step("a", RunRef("uid"), outputs=OUTPUTS, retry=Retry(limit=text("3"), backoff_duration="1h30m")),
            condition(step("b", OutputRef("a", "model")), after=("a",)),
            loop(inner),
            step("d", "{{ds}} {{ foo }} {% if %}", after=("for-loop-1", "condition-1")),
        ),
        parameters=(Parameter(name="lr"),),
    )
    assert list(check(sound)) == []


@pytest.mark.parametrize(
    ("severity", "reference"), [("warning", "status"), ("warning", "duration"), ("error", "failures")]
)
def test_only_failures_outside_a_handler_are_an_error(severity: str, reference: model.Operator) -> None:
    """EH-05: Argo gives an empty text for the others."""
    (found,) = check(pipeline(step("a", RunRef(reference))))
    assert found.severity == severity


def long_chain(count: int) -> Pipeline:
    return pipeline(*(step(f"s{i}", after=(f"s{i - 1}",) if i else ()) for i in range(count)))


@pytest.mark.parametrize(
    ("members", "cycle"),
    [
        (
            lambda: (
                step("a", OutputRef("b", "model"), outputs=OUTPUTS),
                step("b", OutputRef("a", "model"), outputs=OUTPUTS),
            ),
            "ab",
        ),
        (lambda: (step("a", OutputRef("a", "model"), outputs=OUTPUTS),), "a"),
        (lambda: (condition(step("a", after=("condition-1",))),), ("a", "condition-1")),
        (
            lambda: (
                condition(
                    step("a", outputs=OUTPUTS),
                    when=Comparison(left=text(OutputRef("a", "model")), operator="==", right=EMPTY),
                ),
            ),
            ("a", "condition-1"),
        ),
        (lambda: (step("a", after=("condition-1",)), condition(step("b"), after=("a",))), ("a", "b", "condition-1")),
        (
            lambda: (loop(condition(step("a", after=("b",))), step("b", after=("condition-1",))),),
            ("a", "b", "condition-1"),
        ),
    ],
)
def test_every_way_of_waiting_counts_for_a_cycle(
    members: Callable[[], tuple[Member, ...]], cycle: tuple[str, ...]
) -> None:
    """A-01."""
    found = [each for each in check(pipeline(*members())) if each.code == "KA025"]
    assert len(found) == 1
    assert set(found[0].problem.split("'")[1::2]) == set(cycle)


def test_a_step_between_two_steps_of_a_group_is_no_cycle() -> None:
    """CO-09: KFP waits for the whole group there, and for itself."""
    inside = condition(step("a", outputs=OUTPUTS), step("c", OutputRef("b", "model")))
    assert list(check(pipeline(inside, step("b", OutputRef("a", "model"), outputs=OUTPUTS)))) == []


def test_a_long_chain_is_no_problem() -> None:
    assert list(check(long_chain(3000))) == []


@pytest.mark.row("C-13")
def test_fields_of_the_right_type_and_the_author_s_own_names_are_right() -> None:
    fields = {"tty": True, "workingDir": text(ParameterRef("n")), "ports": [{"containerPort": 80, "name": "x"}]}
    affinity = {"labelSelector": {"matchLabels": {"tty": "yes", "workingDir": "x"}}}
    right = step("a", container=container(options=tree(fields)), pod=PodOptions(affinity=tree(affinity)))
    assert list(check(pipeline(right, parameters=(Parameter(name="n"),)))) == []
