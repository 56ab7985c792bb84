"""kfp.dsl, version 1: what authors of pipelines write. Knows nothing of Airflow, Kubernetes or Argo."""

from __future__ import annotations

from kfp_airflow.dsl import data_passing_methods as data_passing_methods
from kfp_airflow.dsl import types as types
from kfp_airflow.dsl.components import component as component
from kfp_airflow.dsl.components import importer as importer
from kfp_airflow.dsl.components import python_component as python_component
from kfp_airflow.dsl.conf import PipelineConf as PipelineConf
from kfp_airflow.dsl.containers import Sidecar as Sidecar
from kfp_airflow.dsl.containers import UserContainer as UserContainer
from kfp_airflow.dsl.graph_components import graph_component as graph_component
from kfp_airflow.dsl.groups import Condition as Condition
from kfp_airflow.dsl.groups import ExitHandler as ExitHandler
from kfp_airflow.dsl.groups import ParallelFor as ParallelFor
from kfp_airflow.dsl.groups import SubGraph as SubGraph
from kfp_airflow.dsl.loading import collect_pipelines as collect_pipelines
from kfp_airflow.dsl.ops import BaseOp as BaseOp
from kfp_airflow.dsl.ops import ContainerOp as ContainerOp
from kfp_airflow.dsl.ops import InputArgumentPath as InputArgumentPath
from kfp_airflow.dsl.params import PipelineParam as PipelineParam
from kfp_airflow.dsl.params import match_serialized_pipelineparam as match_serialized_pipelineparam
from kfp_airflow.dsl.pipeline import OpsGroup as OpsGroup
from kfp_airflow.dsl.pipeline import Pipeline as Pipeline
from kfp_airflow.dsl.pipeline import PipelineExecutionMode as PipelineExecutionMode
from kfp_airflow.dsl.pipeline import get_pipeline_conf as get_pipeline_conf
from kfp_airflow.dsl.pipeline import pipeline as pipeline
from kfp_airflow.dsl.resources import ResourceOp as ResourceOp
from kfp_airflow.dsl.volumes import VOLUME_MODE_ROM as VOLUME_MODE_ROM
from kfp_airflow.dsl.volumes import VOLUME_MODE_RWM as VOLUME_MODE_RWM
from kfp_airflow.dsl.volumes import VOLUME_MODE_RWO as VOLUME_MODE_RWO
from kfp_airflow.dsl.volumes import PipelineVolume as PipelineVolume
from kfp_airflow.dsl.volumes import VolumeOp as VolumeOp
from kfp_airflow.dsl.volumes import VolumeSnapshotOp as VolumeSnapshotOp

RUN_ID_PLACEHOLDER = "{{workflow.uid}}"
EXECUTION_ID_PLACEHOLDER = "{{workflow.uid}}-{{pod.name}}"
ROOT_PARAMETER_NAME = "pipeline-root"
