"""These pipelines are written with ContainerOp; its advice to write components (D-09) has a test of its own."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/dsl/" in str(item.path) or "/tests/graph/" in str(item.path):
            item.add_marker(
                pytest.mark.filterwarnings("ignore:Please create reusable components:FutureWarning"), append=False
            )
