"""Validation, preprocessing, training and analysis of two models, in a cloud or on premises (M-04, N-07, DP-10)."""

import kfp
from kfp import components, dsl
from kubernetes import client as k8s_client

platform = "onprem"

validate_op = components.load_component_from_text("""
name: Validate data
inputs:
- {name: inference_data, type: String}
- {name: validation_data, type: String}
- {name: column_names, type: GCSPath}
- {name: key_columns, type: String, default: trip_start_timestamp}
- {name: mode, type: String, default: local}
outputs:
- {name: schema}
- {name: validation}
implementation:
  container:
    image: registry.example.com/validation:1
    command: [python2, /ml/validate.py]
    args:
    - --csv-data-for-inference
    - {inputValue: inference_data}
    - --csv-data-to-validate
    - {inputValue: validation_data}
    - --column-names
    - {inputValue: column_names}
    - --key-columns
    - {inputValue: key_columns}
    - --mode
    - {inputValue: mode}
    fileOutputs: {schema: /schema.txt, validation: /output_validation_result.txt}
""")
preprocess_op = components.load_component_from_text("""
name: Preprocess
inputs:
- {name: Training data file pattern, type: String}
- {name: Evaluation data file pattern, type: String}
- {name: Schema}
- {name: Preprocessing module, type: String, default: ''}
- {name: Transformed data dir, type: String}
outputs:
- {name: Transformed data dir, type: Folder}
implementation:
  container:
    image: registry.example.com/transform:1
    command: [python2, /ml/transform.py]
    args:
    - --train={inputValue}
    - {inputValue: Training data file pattern}
    - {inputValue: Evaluation data file pattern}
    - --schema
    - {inputPath: Schema}
    - if:
        cond: {isPresent: Preprocessing module}
        then: [--module, {inputValue: Preprocessing module}]
    - --output
    - {inputValue: Transformed data dir}
    fileOutputs: {Transformed data dir: /output.txt}
""")
train_op = components.load_component_from_text("""
name: Train DNN
inputs: [{name: data}, {name: schema}, {name: learning_rate, type: Float, default: '0.1'},
  {name: hidden_layer_size, default: '100,50'}, {name: steps, type: Integer, default: '3000'}, {name: target},
  {name: output}]
outputs: [{name: Training output dir, type: Folder}, {name: MLPipeline UI metadata, type: UI metadata}]
implementation:
  container:
    image: registry.example.com/dnn:1
    command: [python2, -m, trainer.task]
    args: [--data, {inputValue: data}, --schema, {inputPath: schema}, --lr, {inputValue: learning_rate},
      --hidden, {inputValue: hidden_layer_size}, --steps, {inputValue: steps}, --target, {inputValue: target},
      --job-dir, {inputValue: output}]
    fileOutputs: {Training output dir: /output.txt, MLPipeline UI metadata: /mlpipeline-ui-metadata.json}
""")
predict_op = components.load_component_from_text("""
name: Predict
inputs: [{name: pattern}, {name: schema}, {name: target, default: ''}, {name: model}, {name: output}]
outputs: [{name: predictions}]
implementation:
  container:
    image: registry.example.com/predict:1
    command: [python2, /ml/predict.py]
    args: [{inputValue: pattern}, {inputPath: schema}, {inputValue: target}, {inputValue: model}, {inputValue: output}]
    fileOutputs: {predictions: /output.txt}
""")
matrix_op = components.load_component_from_text("""
name: Confusion matrix
inputs: [{name: Predictions}, {name: Target lambda, default: ''}, {name: Output dir}]
outputs: [{name: MLPipeline UI metadata, type: UI metadata}, {name: MLPipeline Metrics, type: Metrics}]
implementation:
  container:
    image: registry.example.com/metrics:1
    command: [python2, /ml/confusion_matrix.py]
    args: [{inputValue: Predictions},
      {if: {cond: {isPresent: Target lambda}, then: [--lambda, {inputValue: Target lambda}]}},
      {inputValue: Output dir}]
    fileOutputs: {MLPipeline UI metadata: /mlpipeline-ui-metadata.json, MLPipeline Metrics: /mlpipeline-metrics.json}
""")
roc_op = components.load_component_from_text("""
name: ROC curve
inputs: [{name: Predictions dir}, {name: True class, default: 'true'}, {name: Score column}, {name: Output dir}]
outputs: [{name: mlpipeline-ui-metadata}, {name: mlpipeline-metrics}]
implementation:
  container:
    image: registry.example.com/metrics:1
    command: [python2, /ml/roc.py, {inputValue: Predictions dir}, {inputValue: True class}, {inputValue: Score column},
      {inputValue: Output dir}, {outputPath: mlpipeline-ui-metadata}, {outputPath: mlpipeline-metrics}]
""")
deploy_op = components.load_component_from_text("""
name: Deploy
inputs: [{name: model_dir}, {name: cluster, default: ''}, {name: server_name, default: model-server},
  {name: pvc, default: ''}]
implementation:
  container:
    image: registry.example.com/deployer:1
    command: [/bin/deploy.sh]
    args: [--model-export-path, {concat: [{inputValue: model_dir}, /export]}, --cluster-name, {inputValue: cluster},
      --server-name, {inputValue: server_name}, --pvc-name, {inputValue: pvc}]
""")


def mount(claim):
    def on(op):
        op.add_volume(
            k8s_client.V1Volume(
                name="pipeline-nfs",
                persistent_volume_claim=k8s_client.V1PersistentVolumeClaimVolumeSource(claim_name=claim),
            )
        )
        op.container.add_volume_mount(k8s_client.V1VolumeMount(mount_path="/mnt", name="pipeline-nfs"))
        return op

    return on


@dsl.pipeline(name="TFX Taxi Cab Classification", description="Example pipeline that does classification of taxi cabs.")
def taxi_cab_classification(
    project: dsl.types.GCPProjectID() = "aju-dev",
    output="/mnt/shared",
    column_names="gs://data/column-names.json",
    key_columns="trip_start_timestamp",
    train="gs://data/train.csv",
    evaluation="gs://data/eval.csv",
    mode="local",
    preprocess_module="gs://data/preprocessing.py",
    learning_rate=0.1,
    hidden_layer_size="1500",
    steps=3000,
    analyze_slice_column="trip_start_hour",
):
    output_template = str(output) + "/" + dsl.RUN_ID_PLACEHOLDER + "/data"
    target_lambda = "lambda x: (x['target'] > x['fare'] * 0.2)"
    target_class_lambda = "lambda x: 1 if (x['target'] > x['fare'] * 0.2) else 0"
    tasks = []

    if platform != "GCP":
        vop = dsl.VolumeOp(name="create-pvc", resource_name="pipeline-pvc", modes=dsl.VOLUME_MODE_RWM, size="1Gi")
        checkout = dsl.ContainerOp(
            name="checkout",
            image="alpine/git:latest",
            command=["git", "clone", "https://github.com/example/pipelines.git", str(output) + "/pipelines"],
        ).apply(mount(vop.outputs["name"]))
        checkout.after(vop)
        tasks.append(checkout)

    validation = validate_op(
        inference_data=train, validation_data=evaluation, column_names=column_names, key_columns=key_columns, mode=mode
    )
    if platform != "GCP":
        validation.after(checkout)
    for name, sizes in {"small": "100,50", "large": hidden_layer_size}.items():
        folder = f"{output_template}/{name}"
        data = preprocess_op(train, evaluation, validation.outputs["schema"], preprocess_module, folder)
        trained = train_op(
            data=data.output,
            schema=validation.outputs["schema"],
            learning_rate=learning_rate,
            hidden_layer_size=sizes,
            steps=steps,
            target="tips",
            output=folder,
        ).set_display_name(f"Train {name}")
        for split, pattern in (("train", train), ("eval", evaluation)):
            predicted = predict_op(
                pattern, validation.outputs["schema"], "tips", trained.outputs["training_output_dir"], folder
            )
            matrix = matrix_op(predicted.outputs["predictions"], target_lambda, f"{folder}/{split}")
            roc = roc_op(predicted.output, score_column="true", output_dir=folder, true_class=target_class_lambda)
            tasks += [predicted, matrix, roc]
        deployed = deploy_op(
            trained.outputs["training_output_dir"],
            server_name=f"taxi-cab-classification-{name}-{dsl.RUN_ID_PLACEHOLDER}",
            pvc=vop.outputs["name"],
        )
        tasks += [data, trained, deployed]
    for task in (*tasks, validation):
        if task is not tasks[0]:
            task.apply(mount(vop.outputs["name"]))


if __name__ == "__main__":
    kfp.compiler.Compiler().compile(taxi_cab_classification, __file__ + ".zip")
