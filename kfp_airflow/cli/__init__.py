"""The commands `kfp-airflow` and `dsl-compile`. Nothing here imports Airflow but the session, a process of its own."""
