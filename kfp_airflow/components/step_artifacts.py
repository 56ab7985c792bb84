"""The files of `kfp.v2.dsl` as objects (M-13): the classes of authors' annotations, and what programs have of them.

All below the first import is copied into the program of a component that uses them, where it runs on Python 3.6 and
later with nothing installed; hence the older syntax. A file lies where the step's container has it, and that path is
its `uri` too: KFP's own `uri` is an address in its store, which steps here never see.
"""
# ruff: noqa: B905, PTH103, PTH110, PTH123, UP006, UP035, UP045 - for old Pythons

# --- copied into programs from here
import json as _kfp_files_json
import os as _kfp_files_os
import sys as _kfp_files_sys
from typing import Any, Callable, Dict, List, Optional, Type


class Artifact:
    """A file with a name and metadata, whose place is `path`."""

    TYPE_NAME = "system.Artifact"

    def __init__(
        self, name: Optional[str] = None, uri: Optional[str] = None, metadata: Optional[Dict[str, Any]] = None
    ) -> None:
        self.name = name or ""
        self.uri = uri or ""
        self.metadata = metadata or {}

    @property
    def path(self) -> str:
        """Return where the file is to be read or written."""
        return self.uri

    @path.setter
    def path(self, path: str) -> None:
        self.uri = path


class Dataset(Artifact):
    """Data."""

    TYPE_NAME = "system.Dataset"


class Model(Artifact):
    """A model; `framework` is an entry of its metadata."""

    TYPE_NAME = "system.Model"

    @property
    def framework(self) -> str:
        """Return the name of the framework, "" where none was set."""
        return str(self.metadata.get("framework", ""))

    @framework.setter
    def framework(self, framework: str) -> None:
        self.metadata["framework"] = framework


class HTML(Artifact):
    """A page."""

    TYPE_NAME = "system.HTML"


class Markdown(Artifact):
    """A text in Markdown."""

    TYPE_NAME = "system.Markdown"


class Metrics(Artifact):
    """Numbers by their names, in the metadata."""

    TYPE_NAME = "system.Metrics"

    def log_metric(self, metric: str, value: float) -> None:
        """Set a number."""
        self.metadata[metric] = value


class ClassificationMetrics(Artifact):
    """A curve of rates and a confusion matrix, in the metadata."""

    TYPE_NAME = "system.ClassificationMetrics"

    def log_roc_data_point(self, fpr: float, tpr: float, threshold: float) -> None:
        """Add a point of the ROC curve: the rates of false and true positives at a threshold."""
        point = {"confidenceThreshold": threshold, "recall": tpr, "falsePositiveRate": fpr}
        self.metadata.setdefault("confidenceMetrics", []).append(point)

    def log_roc_curve(self, fpr: List[float], tpr: List[float], threshold: List[float]) -> None:
        """Add points of the ROC curve. Raises ValueError for lists of different lengths."""
        if not len(fpr) == len(tpr) == len(threshold):
            raise ValueError(
                "Length of fpr, tpr and threshold must be the same. "
                f"Got lengths {len(fpr)}, {len(tpr)} and {len(threshold)} respectively."
            )
        for point in zip(fpr, tpr, threshold):
            self.log_roc_data_point(*point)

    def set_confusion_matrix_categories(self, categories: List[str]) -> None:
        """Begin a matrix of zeros."""
        self.metadata["confusionMatrix"] = {
            "annotationSpecs": [{"displayName": category} for category in categories],
            "rows": [{"row": [0] * len(categories)} for _ in categories],
        }

    def log_confusion_matrix_row(self, row_category: str, row: List[float]) -> None:
        """Set a row. Raises ValueError for an unknown category or a row of another length."""
        at = self._index(row_category)
        if len(row) != len(self._categories):
            raise ValueError(f"Invalid row. Expected size: {len(self._categories)} got: {len(row)}")
        self.metadata["confusionMatrix"]["rows"][at] = {"row": row}

    def log_confusion_matrix_cell(self, row_category: str, col_category: str, value: int) -> None:
        """Set a cell. Raises ValueError for an unknown category."""
        row, column = self._index(row_category), self._index(col_category)
        self.metadata["confusionMatrix"]["rows"][row]["row"][column] = value

    def log_confusion_matrix(self, categories: List[str], matrix: List[List[float]]) -> None:
        """Set the whole matrix. Raises ValueError for one that is not square in the categories."""
        if len(matrix) != len(categories) or any(len(row) != len(categories) for row in matrix):
            raise ValueError(f"Invalid matrix: {matrix} passed for categories: {categories}")
        self.set_confusion_matrix_categories(categories)
        for category, row in zip(categories, matrix):
            self.log_confusion_matrix_row(category, row)

    @property
    def _categories(self) -> List[str]:
        matrix = self.metadata.get("confusionMatrix", {"annotationSpecs": []})
        return [entry["displayName"] for entry in matrix["annotationSpecs"]]

    def _index(self, category: str) -> int:
        if category not in self._categories:
            raise ValueError(f"Invalid category: {category} passed. Expected one of: {self._categories}")
        return self._categories.index(category)


class SlicedClassificationMetrics(Artifact):
    """The same for slices of the data: an entry of the metadata for each. In KFP 1.8 its methods fail."""

    TYPE_NAME = "system.SlicedClassificationMetrics"

    def log_roc_reading(self, slice: str, threshold: float, tpr: float, fpr: float) -> None:
        """Add a point of a slice's ROC curve."""
        self._of(slice).log_roc_data_point(fpr, tpr, threshold)

    def load_roc_readings(self, slice: str, readings: List[List[float]]) -> None:
        """Add points of a slice's ROC curve, each a threshold and the rates of true and false positives."""
        for threshold, tpr, fpr in readings:
            self.log_roc_reading(slice, threshold, tpr, fpr)

    def set_confusion_matrix_categories(self, slice: str, categories: List[str]) -> None:
        """Begin a slice's matrix of zeros."""
        self._of(slice).set_confusion_matrix_categories(categories)

    def log_confusion_matrix_row(self, slice: str, row_category: str, row: List[int]) -> None:
        """Set a row of a slice's matrix."""
        self._of(slice).log_confusion_matrix_row(row_category, list(row))

    def log_confusion_matrix_cell(self, slice: str, row_category: str, col_category: str, value: int) -> None:
        """Set a cell of a slice's matrix."""
        self._of(slice).log_confusion_matrix_cell(row_category, col_category, value)

    def load_confusion_matrix(self, slice: str, categories: List[str], matrix: List[List[float]]) -> None:
        """Set a slice's whole matrix."""
        self._of(slice).log_confusion_matrix(categories, matrix)

    def _of(self, slice: str) -> ClassificationMetrics:
        metrics = ClassificationMetrics()
        metrics.metadata = self.metadata.setdefault(slice, {})
        return metrics


_KFP_IN_METADATA = (Metrics, ClassificationMetrics, SlicedClassificationMetrics)
"""Classes whose whole content is their metadata."""


def _kfp_input_file(kind: Type[Artifact]) -> Callable[[str], Artifact]:
    def read(path: str) -> Artifact:
        file = kind(uri=path)
        if isinstance(file, _KFP_IN_METADATA):
            with open(path, encoding="utf-8") as opened:
                file.metadata = _kfp_files_json.load(opened)
        return file

    return read


def _kfp_output_file(kind: Type[Artifact]) -> Callable[[str], Artifact]:
    def begin(path: str) -> Artifact:
        _kfp_files_os.makedirs(_kfp_files_os.path.dirname(path) or ".", exist_ok=True)
        file = kind(uri=path)
        vars(file)["_kfp_output_path"] = path  # only outputs have it
        return file

    return begin


def _kfp_keeping_files(function: Callable[..., Any]) -> Callable[..., Any]:
    # What has metadata and no file becomes a file of JSON; a file stays what the function wrote.
    def run(**arguments: Any) -> Any:
        result = function(**arguments)
        for name, file in arguments.items():
            path = getattr(file, "_kfp_output_path", None)
            if path is None:
                continue
            if file.uri != path:
                raise ValueError(f"output {name!r} was moved to {file.uri!r}: write it to its path")
            if not _kfp_files_os.path.exists(path):
                with open(path, "w", encoding="utf-8") as opened:
                    _kfp_files_json.dump(file.metadata, opened)
            elif file.metadata:
                _kfp_files_sys.stderr.write(f"output {name!r}: its metadata {file.metadata} is not passed on\n")
        return result

    return run
