"""Retries, time limits, and both for the whole run (B-09, B-10, P-02)."""

from kfp import dsl


def fail(name):
    return dsl.ContainerOp(name=name, image="alpine", command=["false"])


@dsl.pipeline(name="retries")
def retries_and_timeouts(attempts: int = 2):
    fail("three").set_retry(3)
    fail("policy").set_retry(2, policy="Always")
    fail("backoff").set_retry(5, "OnError", "30s", 2, "1h")
    fail("duration").set_retry(1, backoff_duration="2m")
    fail("counted").set_retry(attempts)
    fail("zero").set_retry(0)
    fail("unlimited").set_retry(None, policy="OnFailure")
    fail("minute").set_timeout(60)
    dsl.get_pipeline_conf().set_timeout(3600)
