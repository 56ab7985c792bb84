"""Volumes made by steps and handed from step to step (D-14 to D-17, O-10)."""

from kfp import dsl
from kubernetes import client as k8s


def touch(name, path, **options):
    return dsl.ContainerOp(name=name, image="alpine", command=["touch"], arguments=[path], **options)


@dsl.pipeline(name="volumes in a row")
def volume_steps(size: str = "1Gi"):
    made = dsl.VolumeOp(name="mypvc", resource_name="newpvc", size=size, modes=dsl.VOLUME_MODE_RWO)
    first = touch("first", "/mnt/1", pvolumes={"/mnt": made.volume})
    second = touch("second", "/data/2", pvolumes={"/data": first.pvolume})
    third = touch("third", "/mnt/3")
    third.add_pvolumes({"/mnt": made.volume.after(first, second)})
    made.delete().after(third)


@dsl.pipeline(name="volumes of others")
def existing_volumes():
    touch("claim", "/a/b", pvolumes={"/a": dsl.PipelineVolume(pvc="existing")})
    touch(
        "plain",
        "/a/b",
        pvolumes={"/a": dsl.PipelineVolume(volume=k8s.V1Volume(name="v", empty_dir=k8s.V1EmptyDirVolumeSource()))},
    )
    shared = dsl.VolumeOp(
        name="shared",
        resource_name="shared",
        size="1Gi",
        storage_class="fast",
        annotations={"a": "b"},
        generate_unique_name=False,
    )
    for name in ("x", "y"):
        touch(name, "/a/" + name, pvolumes={"/a": shared.volume})


@dsl.pipeline(name="snapshots")
def snapshots(source: str = "snap"):
    made = dsl.VolumeOp(name="made", resource_name="vol", size="1Gi", data_source=source, modes=dsl.VOLUME_MODE_RWM)
    first = touch("first", "/mnt/1", pvolumes={"/mnt": made.volume})
    taken = dsl.VolumeSnapshotOp(name="snap", resource_name="snap1", volume=first.pvolume, snapshot_class="c")
    again = dsl.VolumeOp(name="again", resource_name="clone", data_source=taken.snapshot, size=taken.outputs["size"])
    touch("second", "/mnt/2", pvolumes={"/mnt": again.volume})
