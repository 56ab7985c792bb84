"""Airflow's Task Execution API for the tasks of one session, on a socket of this machine; a process of its own.

Started with the listening socket's file descriptor as its only argument; ends when its standard input does.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cadwyn import Cadwyn

_DELETED_TAG = "_CADWYN_DELETED_ROUTE"


def serve(descriptor: int) -> None:
    """Serve the API on a listening socket until the process is ended."""
    import uvicorn  # with Airflow, only in this process
    from airflow.api_fastapi.common.dagbag import create_dag_bag
    from airflow.api_fastapi.execution_api.app import create_task_execution_api_app

    app = create_task_execution_api_app()
    keep_newest_version(app)  # type: ignore[arg-type] # annotated as FastAPI there, a Cadwyn in truth
    app.state.dag_bag = create_dag_bag()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, lifespan="on"))
    server.run(sockets=[socket.socket(fileno=descriptor)])


def keep_newest_version(app: Cadwyn) -> None:
    """Leave out the API's older versions, which no task of this installation asks for.

    Their routes are all built at the first request: 5.4 s for nine versions on Airflow 3.3.2, 0.5 s for one, measured
    on two cores. Where the app is built otherwise than expected it is left as it is, and only slower.
    """
    from cadwyn import HeadVersion, Version, VersionBundle

    router = getattr(app, "_latest_version_router", None)
    if router is None:
        return
    router.routes = [route for route in router.routes if _DELETED_TAG not in getattr(route, "tags", ())]
    versions = app.versions
    app.versions = VersionBundle(
        HeadVersion(), Version(versions.versions[0].value), api_version_var=versions.api_version_var
    )


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    serve(int(sys.argv[1]))
