"""Which pipelines there are, and how they become DAGs."""
