"""A pipeline called by another is inlined (D-01)."""

from kfp import dsl


class Download(dsl.ContainerOp):
    """A subclass, as many authors write it (O-14)."""

    def __init__(self, url):
        super().__init__(
            name="download",
            image="alpine",
            command=["sh", "-c"],
            arguments=["wget %s -O /o" % url],
            file_outputs={"downloaded": "/o"},
        )


@dsl.pipeline(name="inner")
def inner_pipeline(url: str = "gs://x"):
    return Download(url)


@dsl.pipeline(name="outer")
def outer_pipeline(url: str = "gs://y", name: str = "n"):
    first = inner_pipeline(url)
    dsl.ContainerOp(name="count", image="alpine", command=["wc", first.output, name])
    inner_pipeline("constant")
