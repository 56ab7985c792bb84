"""One volume through many steps, with snapshots between, restored side by side (D-14, D-16, D-17, O-10)."""

from kfp import dsl
from kubernetes import client as k8s


def shell(name, script, volumes, **options):
    return dsl.ContainerOp(
        name=name, image="library/bash:4.4.23", command=["sh", "-c"], arguments=[script], pvolumes=volumes, **options
    )


@dsl.pipeline(name="Volumes and snapshots", description="A chain of volumes.")
def volumes_and_snapshots(
    url: str = "https://example.com/data.tar.gz", size: str = "10Gi", storage_class: str = "fast"
):
    made = dsl.VolumeOp(
        name="Create volume",
        resource_name="vol1",
        size=size,
        storage_class=storage_class,
        annotations={"rok/origin": url},
        modes=dsl.VOLUME_MODE_RWO,
    )
    before = shell("step0", f"wget {url} -O /data/all.tar.gz", {"/data": made.volume})
    snapshots = [dsl.VolumeSnapshotOp(name="snap0", resource_name="snap0", volume=before.pvolume)]
    for number in range(1, 6):
        step = shell(
            f"step{number}",
            f"gunzip -c /data/part{number}.gz > /data/part{number}",
            {"/data": before.pvolume},
            file_outputs={"size": "/tmp/size"},
        )
        snapshots.append(
            dsl.VolumeSnapshotOp(
                name=f"snap{number}", resource_name=f"snap{number}", volume=step.pvolumes["/data"], snapshot_class="csi"
            )
        )
        before = step
    restored = []
    for number, snapshot in enumerate(snapshots[:3]):
        volume = dsl.VolumeOp(
            name=f"restore {number}",
            resource_name=f"restored-{number}",
            data_source=snapshot.snapshot,
            size=snapshot.outputs["size"],
            modes=dsl.VOLUME_MODE_RWM,
        )
        reader = shell(f"read {number}", "ls -l /data", {"/data": volume.volume, "/old": dsl.PipelineVolume(pvc="old")})
        restored.append((volume, reader))
    together = shell(
        "together",
        f"cat /a/* /b/* | grep {before.outputs['size']}",
        {
            "/a": restored[0][0].volume.after(restored[0][1]),
            "/b": restored[1][1].pvolumes["/data"],
            "/scratch": k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(medium="Memory")),
        },
    )
    for volume, _ in restored:
        volume.delete().after(together)
    kept = dsl.VolumeOp(
        name="keep",
        k8s_resource=k8s.V1PersistentVolumeClaim(
            api_version="v1",
            kind="PersistentVolumeClaim",
            metadata=k8s.V1ObjectMeta(name="kept"),
            spec=k8s.V1PersistentVolumeClaimSpec(
                access_modes=["ReadWriteOnce"], resources=k8s.V1ResourceRequirements(requests={"storage": "1Gi"})
            ),
        ),
    )
    shell("copy", "cp -r /a /kept", {"/kept": kept.volume, "/a": together.pvolumes["/a"]})
