"""Texts that other systems would expand reach the package as they are (PP-10, F-14)."""

from kfp import dsl


@dsl.pipeline(name="odd texts")
def text_that_looks_like_templates(run: str = dsl.RUN_ID_PLACEHOLDER, word: str = "{{foo}}"):
    dsl.ContainerOp(
        name="show",
        image="alpine",
        command=["echo"],
        arguments=[
            "{{foo}} {{ ds }} {% if x %} {# c #}",
            "$(HOME) $$ ${X} `ls`",
            "quotes ' \" \\ and\nlines\n",
            "{{workflow.name}}/{{workflow.namespace}}/{{workflow.uid}}",
            dsl.EXECUTION_ID_PLACEHOLDER,
            f"--run={run}-{word}",
            "- dash",
            "",
            "héllo ☃",
        ],
    )
