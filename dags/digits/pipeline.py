"""Train a recognizer of handwritten digits, and publish it only if it is good enough.

A plain Kubeflow Pipelines v1 file: 1,797 images of 8 × 8 pixels, a model per setting, the best one evaluated.
"""

import os
from typing import NamedTuple

import kfp
from kfp import components, dsl

IMAGE = "python:3.11-slim"
PACKAGES = ["scikit-learn"]


def load_digits(images_path: components.OutputPath("CSV")) -> int:
    """Write the images, a line each: 64 pixels from 0 to 16, then the digit."""
    import csv

    from sklearn.datasets import load_digits

    data = load_digits()
    with open(images_path, "w", newline="") as stream:
        writer = csv.writer(stream)
        for pixels, digit in zip(data.images.reshape(len(data.images), -1), data.target):
            writer.writerow([int(pixel) for pixel in pixels] + [int(digit)])
    return len(data.target)


def train(
    training_path: components.InputPath("CSV"),
    regularization: float,
    iterations: int,
    model_path: components.OutputPath("JSON"),
) -> NamedTuple("Outputs", [("accuracy", float)]):
    """Train a softmax regression; the model is its weights as JSON, the accuracy that of a held-out fifth."""
    import csv
    import json
    import os

    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the trainings run side by side

    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    with open(training_path, newline="") as stream:
        rows = [[int(value) for value in row] for row in csv.reader(stream)]
    images, digits = [row[:-1] for row in rows], [row[-1] for row in rows]
    fit_images, check_images, fit_digits, check_digits = train_test_split(images, digits, test_size=0.2, random_state=0)
    model = LogisticRegression(C=regularization, max_iter=iterations).fit(fit_images, fit_digits)
    accuracy = float(model.score(check_images, check_digits))
    print("C=%s: accuracy %.4f after %d iterations" % (regularization, accuracy, model.n_iter_[0]))
    with open(model_path, "w") as stream:
        json.dump(
            {"C": regularization, "weights": model.coef_.tolist(), "intercept": model.intercept_.tolist()}, stream
        )
    return (accuracy,)


def choose_best(
    models_path: components.InputPath(),
    accuracies: list,
    best_model_path: components.OutputPath("JSON"),
) -> float:
    """Hand on the model with the best accuracy; both lists have an element per iteration of the loop."""
    import json

    with open(models_path) as stream:
        models = json.load(stream)
    best = max(range(len(models)), key=lambda index: float(accuracies[index]))
    print("the best of %d models has index %d: %s" % (len(models), best, accuracies))
    with open(best_model_path, "w") as stream:
        stream.write(models[best])
    return float(accuracies[best])


def evaluate(
    model_path: components.InputPath("JSON"),
    test_path: components.InputPath("CSV"),
    mlpipeline_ui_metadata_path: components.OutputPath(),
    mlpipeline_metrics_path: components.OutputPath(),
) -> NamedTuple("Outputs", [("accuracy", float)]):
    """Test the model on images that no training saw: accuracy, and a confusion matrix for the viewer."""
    import csv
    import json

    import numpy
    from sklearn.metrics import confusion_matrix

    with open(model_path) as stream:
        model = json.load(stream)
    with open(test_path, newline="") as stream:
        rows = numpy.array([[int(value) for value in row] for row in csv.reader(stream)])
    images, digits = rows[:, :-1], rows[:, -1]
    predicted = (images @ numpy.array(model["weights"]).T + numpy.array(model["intercept"])).argmax(axis=1)
    accuracy = float((predicted == digits).mean())
    matrix = confusion_matrix(digits, predicted, labels=range(10))
    lines = ["%d,%d,%d" % (target, guess, matrix[target][guess]) for target in range(10) for guess in range(10)]
    viewer = {
        "type": "confusion_matrix",
        "format": "csv",
        "storage": "inline",
        "source": "\n".join(lines),
        "labels": [str(digit) for digit in range(10)],
        "schema": [
            {"name": "target", "type": "CATEGORY"},
            {"name": "predicted", "type": "CATEGORY"},
            {"name": "count", "type": "NUMBER"},
        ],
    }
    with open(mlpipeline_ui_metadata_path, "w") as stream:
        json.dump({"outputs": [viewer]}, stream)
    metric = {"name": "accuracy", "numberValue": accuracy, "format": "PERCENTAGE"}
    with open(mlpipeline_metrics_path, "w") as stream:
        json.dump({"metrics": [metric]}, stream)
    return (accuracy,)


load_op = components.create_component_from_func(load_digits, base_image=IMAGE, packages_to_install=PACKAGES)
split_op = components.load_component_from_file(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "split.component.yaml")
)
train_op = components.create_component_from_func(train, base_image=IMAGE, packages_to_install=PACKAGES)
choose_op = components.create_component_from_func(choose_best, base_image=IMAGE)
evaluate_op = components.create_component_from_func(evaluate, base_image=IMAGE, packages_to_install=PACKAGES)


def publish_op(model, accuracy):
    """Name the model after its accuracy and content; a real pipeline would copy it to a registry."""
    return dsl.ContainerOp(
        name="Publish",
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=[
            (
                'mkdir -p /published && cp "$0" /published/model.json'
                ' && printf "digits-%s-%s" "$1" "$(cksum < /published/model.json | cut -d" " -f1)" > /published/name'
                " && cat /published/name"
            ),
            dsl.InputArgumentPath(model, input="model", path="/inputs/model.json"),
            accuracy,
        ],
        file_outputs={"name": "/published/name", "model": "/published/model.json"},
    )


def report_op(status):
    """Say how the run ended."""
    return dsl.ContainerOp(
        name="Report",
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['echo "The run ended: $0" | tee /tmp/report', status],
        file_outputs={"report": "/tmp/report"},
    )


@dsl.pipeline(
    name="Digits",
    description=(
        "Train a recognizer of handwritten digits for several settings, evaluate the best, "
        "publish it if it is good enough."
    ),
)
def digits(
    settings: list = [{"C": 0.001, "iterations": 100}, {"C": 0.03, "iterations": 100}, {"C": 1.0, "iterations": 100}],
    test_share: float = 0.25,
    threshold: float = 0.9,
):
    """Digits.

    Args:
        settings: One training per element: C is the inverse strength of regularization, iterations the most to make.
        test_share: Share of the images kept for the final evaluation, between 0 and 1.
        threshold: The model is published when its accuracy on the test images is greater.
    """
    report = report_op("{{workflow.status}}")
    with dsl.ExitHandler(report):
        loaded = load_op()
        split = split_op(images=loaded.outputs["images"], test_share=test_share)
        with dsl.ParallelFor(settings) as setting:
            trained = train_op(
                training=split.outputs["training"],
                regularization=setting.C,
                iterations=setting.iterations,
            )
        chosen = choose_op(models=trained.outputs["model"], accuracies=trained.outputs["accuracy"].ignore_type())
        evaluated = evaluate_op(model=chosen.outputs["best_model"], test=split.outputs["test"])
        with dsl.Condition(evaluated.outputs["accuracy"] > threshold, name="good-enough"):
            publish_op(chosen.outputs["best_model"], evaluated.outputs["accuracy"])


if __name__ == "__main__":
    kfp.compiler.Compiler().compile(digits, __file__ + ".yaml")
