"""What importing the DSL costs (R23)."""

import subprocess
import sys


def test_authoring_imports_neither_airflow_nor_kubernetes() -> None:
    code = (
        "import sys, kfp_airflow.dsl, kfp_airflow.dsl.build, kfp_airflow.graph.check;"
        "print([name for name in ('airflow', 'kubernetes', 'yaml', 'jinja2') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
