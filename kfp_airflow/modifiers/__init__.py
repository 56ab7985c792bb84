"""Functions that change an op, for `op.apply(…)` and transformers: `kfp.onprem`, `aws`, `azure`, `gcp` (X-01 to X-10).

Each module answers for one of kfp's; `kubernetes` for `kfp.dsl.extensions.kubernetes`.
"""
