"""The SDK whose language this package speaks."""

from typing import Final

SDK_VERSION: Final = "1.8.22"
"""The version that `kfp.__version__` and packages tell; the last of KFP v1."""
