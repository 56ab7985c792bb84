"""The steps that only pretend, as pods: the same function runs in them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from kfp_airflow.graph.text import Struct, text, tree
from kfp_airflow.operators.pod import PodStepOperator
from tests.dag import simulated

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

IMAGE: Final = "python:3.12-slim"
PROGRAM: Final = f"""
from __future__ import annotations
import hashlib, os, sys

_SHOWN = {simulated._SHOWN}

{inspect.getsource(simulated.simulate)}

succeeds, written = simulate(sys.argv[1], sys.argv[2:], int(os.environ["ATTEMPT"]))
with open("/tmp/out", "w", encoding="utf-8") as out:
    out.write(written)
sys.exit(not succeeds)
"""
ATTEMPT: Final = {"name": "ATTEMPT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['try_number']"}}}
"""Airflow's number of the attempt, which it gives a pod as a label."""


def make_pod(arguments: Mapping[str, Any]) -> BaseOperator:
    """Return the task of a step, to be given to `build_dags`."""
    step = arguments["step"]
    options = tree({"env": [ATTEMPT]})
    assert isinstance(options, Struct)
    command = tuple(text(word) for word in ("python", "-c", PROGRAM, step.id))
    container = replace(step.container, image=text(IMAGE), command=command, options=options)
    return PodStepOperator(**{**arguments, "step": replace(step, container=container)})
