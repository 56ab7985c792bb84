"""The graph of a pipeline: what an author meant, between every front end and every back end."""
