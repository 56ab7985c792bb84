"""Rounds of training that end when the model is good, or the budget is used up (R-01 to R-06, O-09)."""

from kfp import components, dsl

train_op = components.load_component_from_text("""
name: Train
inputs: [{name: Data, type: CSV}, {name: Starting model, type: Model, optional: true},
  {name: Iterations, type: Integer, default: '10'}]
outputs: [{name: Model, type: Model}, {name: Loss, type: Float}]
implementation:
  container:
    image: alpine
    command: [train, {inputPath: Data},
      {if: {cond: {isPresent: Starting model}, then: [--from, {inputPath: Starting model}]}},
      {inputValue: Iterations}, {outputPath: Model}, {outputPath: Loss}]
""")
predict_op = components.load_component_from_text("""
name: Predict
inputs: [{name: Data, type: CSV}, {name: Model, type: Model}]
outputs: [{name: Predictions, type: CSV}]
implementation: {container: {image: alpine, command: [predict, {inputPath: Data}, {inputPath: Model},
  {outputPath: Predictions}]}}
""")
metrics_op = components.load_component_from_text("""
name: Metrics
inputs: [{name: Truth, type: CSV}, {name: Predictions, type: CSV}]
outputs: [{name: mean_squared_error, type: Float}, {name: rounds left, type: Integer}]
implementation: {container: {image: alpine, command: [measure, {inputPath: Truth}, {inputPath: Predictions},
  {outputPath: mean_squared_error}, {outputPath: rounds left}]}}
""")


def no_cache(task):
    task.execution_options.caching_strategy.max_cache_staleness = "P0D"
    return task


def say(text):
    return dsl.ContainerOp("say", "alpine", command=["echo"], arguments=[text])


@dsl.graph_component
def train_until_low_error(starting_model, training_data, true_values):
    trained = no_cache(train_op(training_data, starting_model, 20))
    predicted = predict_op(data=training_data, model=trained.outputs["Model"])
    measured = metrics_op(true_values, predicted.output)
    say(f"error is {measured.outputs['mean_squared_error']}").after(measured)
    with dsl.Condition(measured.outputs["mean_squared_error"] > 0.01):
        train_until_low_error(
            starting_model=trained.outputs["model"], training_data=training_data, true_values=true_values
        )
    return {"model": trained.outputs["Model"]}


@dsl.graph_component
def spend(budget):
    with dsl.Condition(budget > 0):
        spent = no_cache(dsl.ContainerOp("buy", "alpine", arguments=[budget], file_outputs={"rest": "/tmp/rest"}))
        more = no_cache(dsl.ContainerOp("more", "alpine", arguments=[spent.output], file_outputs={"rest": "/tmp/rest"}))
        say(spent.output)
        spend(more.output)


@dsl.pipeline(name="Train until good")
def train_until_good_enough(table="select 1", budget: int = 5):
    truth = dsl.ContainerOp("truth", "alpine", arguments=[table], file_outputs={"csv": "/tmp/csv"}).output
    data = dsl.ContainerOp("fetch", "alpine", arguments=[table, "x"], file_outputs={"csv": "/tmp/csv"}).output
    models = []
    for part in range(4):
        say(f"fold {part} of {budget}")
        trained = train_op(data, iterations=part)
        measured = metrics_op(truth, predict_op(data, trained.outputs["model"]).output)
        with dsl.Condition(measured.outputs["mean_squared_error"] < 0.5, f"fold-{part}"):
            say("promising").set_display_name(f"Promising fold {part}")
        models.append(trained.outputs["model"])
    rounds = train_until_low_error(models[0], data, truth)
    with dsl.ParallelFor([1, 2]) as number:
        say(f"round {number} of {budget}").after(rounds)
    say("all done").after(rounds, spend(budget))
