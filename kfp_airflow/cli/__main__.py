"""`python -m kfp_airflow.cli` is `kfp-airflow`."""

from kfp_airflow.cli import main

main()
