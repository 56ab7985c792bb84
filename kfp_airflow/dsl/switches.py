"""Globals of the package `kfp` that authors set (K-02): `kfp.TYPE_CHECK = False`."""

from __future__ import annotations

TYPE_CHECK = True
"""Whether a wrong type is an error; False makes it a warning, also where `Compiler.compile` is not asked to."""
