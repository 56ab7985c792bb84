"""The DAG file of the container: every pipeline of the repository's dags folder as a DAG."""

from kfp_airflow import load_dags

load_dags("/opt/airflow/pipelines", experiments=["examples"])
