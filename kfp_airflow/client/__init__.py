"""What talks to a server of pipelines: `kfp.auth`, and later `kfp.Client`."""
