"""What a runtime asks of the launcher, and what the launcher answers: JSON between two processes."""

from __future__ import annotations

from typing import Literal, TypedDict


class Mount(TypedDict):
    """One mount of a private root, made in the order of the list; `target` is where it lies in the host's tree.

    kind `layer`: an overlay of the folder `source`, changes going to the folder `changes` (relative to the order's
    `layers`); where the kernel refuses that and it is not `required`, the folder itself, read-only. `bind`: the file
    or folder `source` itself. `tmpfs`, `proc`, `devpts`: a new one. What is not `required` and cannot be made is left
    out.
    """

    kind: Literal["layer", "bind", "tmpfs", "proc", "devpts"]
    target: str
    source: str
    changes: str
    readonly: bool
    required: bool


class Order(TypedDict):
    """One program to run: where it finds its root, what it is, and which files to bring back.

    `namespaces`: `root` (made by root), `user` (in a user namespace) or `none` (the host's own root; then `root`,
    `layers` and `mounts` say nothing). `outputs` maps the name of a file in `collected` to its path as the program
    sees it; where `within` is not empty, a path that leads out of these folders is not read. `own` maps folders as the
    program sees them to where they lie on the file system of `collected`: a file from there is moved, not copied.
    """

    namespaces: Literal["root", "user", "none"]
    root: str
    layers: str
    mounts: list[Mount]
    command: list[str]
    env: dict[str, str]
    cwd: str
    outputs: dict[str, str]
    collected: str
    within: list[str]
    own: dict[str, str]


class Report(TypedDict):
    """How the program ended: 128 + n for signal n, 126 or 127 where it could not be started, and then why in `message`.

    `collected`: which outputs were there; `unread`: which were there but could not be taken, and why. The launcher
    writes one line before it, as soon as it knows: empty, or why it cannot run the program at all; nothing follows
    then.
    """

    exit_code: int
    message: str
    collected: list[str]
    unread: dict[str, str]
