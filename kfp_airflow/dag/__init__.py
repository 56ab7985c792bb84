"""Graph → DAG."""
