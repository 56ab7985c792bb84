"""Docstrings (row W-12)."""

import pytest

from kfp_airflow.dsl.docstrings import Docstring, read_docstring

GOOGLE = """First line
    second line.

    Args:
        x (int): the x
           goes on
        yy: is y.

          more
    Returns:
        no: nope
    """
NUMPY = """First line.

    Parameters
    ----------
    x : int
        the x
        goes on
    yy
        is y.
        more

    Returns
    -------
    no
        nope
    """
REST = """First line.

    :param int x: the x
      goes on
    :param yy: is y.
      more
    :return: nope
    """


@pytest.mark.parametrize(
    ("docstring", "first"), [(GOOGLE, "First line"), (NUMPY, "First line."), (REST, "First line.")]
)
def test_every_form_gives_the_first_line_and_the_arguments(docstring: str, first: str) -> None:
    def function() -> None: ...

    function.__doc__ = docstring
    assert read_docstring(function) == Docstring(first, {"x": "the x\ngoes on", "yy": "is y.\nmore"})


def test_half_an_entry_is_no_mistake() -> None:
    def function() -> None: ...

    function.__doc__ = "Short.\n\n:param\n:param a b c d: e\n"
    assert read_docstring(function).description == "Short."


def test_text_with_colons_describes_no_argument() -> None:
    def function() -> None:
        """Do this: that.

        x: nothing
        """

    assert read_docstring(function) == Docstring("Do this: that.", {})
    assert read_docstring(lambda: None) == Docstring(None, {})
