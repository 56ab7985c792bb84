"""Commands and arguments that are no lists of texts (D-09, D-10, O-01 to O-04, O-13, PP-01)."""

import json
import os

from kfp import dsl
from kubernetes.client.models import V1EnvVar, V1ResourceRequirements, V1SecurityContext, V1VolumeMount

dsl.ContainerOp._DISABLE_REUSABLE_COMPONENT_WARNING = True


@dsl.pipeline(name="Arguments of every kind")
def arguments_of_every_kind(number=1, text: str = "x"):
    dsl.ContainerOp("a", "image", command="bash", arguments="-c ls")
    dsl.ContainerOp("b", "image", command=("bash", "-c"), arguments=(1, 2.5, True, None, number))
    dsl.ContainerOp("c", image="image:%s" % number, arguments=[["x", number], {"a": 1}])
    dsl.ContainerOp("d", image=text, arguments=text)
    changed = dsl.ContainerOp("e", "image", arguments=[])
    changed.arguments = ["x", number]
    changed.command = ["c"]
    changed.container.args.append("z")
    changed.image = "other"
    changed.env_variables = [V1EnvVar(name="x", value="y")]
    changed.container.image = "third"


@dsl.pipeline(name="Texts with values in them")
def texts_with_values(url: str = "gs://x", number=3):
    made = dsl.ContainerOp("make", "image", file_outputs={"Output One": "/o", "output-two": "/p"})
    values = made.outputs
    arguments = [
        os.path.join(str(url), "path", "x"),
        os.path.join("/mnt", dsl.RUN_ID_PLACEHOLDER, "x"),
        json.dumps({"a": str(url), "b": [1, str(number)]}, indent=2),
        "%s/%s" % (url, "{{workflow.name}}"),
        "".join(["a", str(values["Output One"]), "b", str(values["output-two"])]),
        f"{values['Output One']}{values['Output One']}",
        "{'a': %s}" % [number, url],
        "$(date +%s) {{'a'}} {% x %} {{workflow.namespace}} {{pod.name}} \\n \"quoted\" 'x'",
        "several\nlines\n",
        "",
        "{{workflow.parameters.url}}",
    ]
    dsl.ContainerOp("use", "image", arguments=arguments)


@dsl.pipeline(name="Files among the arguments")
def files_among_the_arguments(text: str = "x"):
    made = dsl.ContainerOp("make", "image", file_outputs={"one": "/o", "two": "/p"})
    dsl.ContainerOp(
        "use",
        "image",
        command=["sh", dsl.InputArgumentPath(made.outputs["one"])],
        arguments=[
            dsl.InputArgumentPath(text, "named in", "/my/path"),
            dsl.InputArgumentPath("const"),
            dsl.InputArgumentPath(f"{text} and {made.outputs['two']}", input="both"),
            "{{workflow.parameters.text}}",
        ],
        artifact_argument_paths=[dsl.InputArgumentPath(made.outputs["two"], input="x", path="/z")],
    )


@dsl.pipeline(name="Container arguments")
def arguments_of_the_container(user: int = 1):
    dsl.ContainerOp(
        "a",
        "image",
        container_kwargs={
            "env": [V1EnvVar(name="a", value="b"), {"name": "c", "value": str(user)}],
            "resources": V1ResourceRequirements(limits={"cpu": "1"}, requests={"memory": "1Gi"}),
            "image_pull_policy": "Always",
            "working_dir": "/x",
            "volume_mounts": [V1VolumeMount(name="v", mount_path="/x", sub_path="y", read_only=True)],
            "security_context": V1SecurityContext(run_as_user=1),
        },
    )
