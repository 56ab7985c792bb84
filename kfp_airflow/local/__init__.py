"""The embedded runtime: steps as processes on this machine, or as containers of docker or podman."""
