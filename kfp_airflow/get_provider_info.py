"""What this distribution tells Airflow of itself: the entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any

from kfp_airflow.config import SECTION, SETTINGS, Setting

INTEGRATION = "Kubeflow Pipelines"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata in the shape of Airflow's `provider_info.schema.json`."""
    return {
        "package-name": "kfp-airflow",
        "name": INTEGRATION,
        "description": "Kubeflow Pipelines v1 pipelines as DAGs: every step a pod, nothing of Kubeflow installed.",
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://www.kubeflow.org/docs/components/pipelines/legacy-v1/",
                "tags": ["software"],
            }
        ],
        "operators": [
            {
                "integration-name": INTEGRATION,
                "python-modules": ["kfp_airflow.operators.pod", "kfp_airflow.operators.local"],
            }
        ],
        "config": {
            SECTION: {
                "description": "Kubeflow Pipelines v1 pipelines as DAGs.",
                "options": {setting.name: _option(setting) for setting in SETTINGS},
            }
        },
    }


def _option(setting: Setting) -> dict[str, str | None]:
    takes = f" Takes {setting.allowed}." if setting.choices or setting.kind == "integer" else ""
    return {
        "description": f"{setting.description}{takes}\n",
        "version_added": setting.version_added,
        "type": "integer" if setting.kind == "integer" else "string",
        "example": setting.example,
        "default": setting.default,
    }
