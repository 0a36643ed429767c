"""What came of one expectation, fit to be shown."""

from typing import Any

from cas_audit.audit.record import cautious, rounded
from cas_audit.config import SMALLEST_COUNT

__all__ = ["show_result", "word_of"]


def word_of(result: dict[str, Any]) -> str:
    """Say in a word what came of it; what broke does not hold, whatever else stands there."""
    if result["broken"]:
        return "broken"
    return {True: "holds", False: "fails", None: "not_asked"}[result["success"]]


def show_result(result: dict[str, Any]) -> dict[str, Any]:
    """Return a row in which no count of one to four can be read or worked out.

    >>> row = {"expectation": "one", "column": None, "success": False, "broken": False}
    >>> shown = show_result({**row, "elements": 50, "unexpected": 47})
    >>> shown["elements"], shown["unexpected"]
    (50, 50)
    """
    elements, unexpected = result["elements"], result["unexpected"]
    if elements is not None and 0 < elements - (unexpected or 0) < SMALLEST_COUNT:
        unexpected = unexpected and elements
    return {
        "expectation": result["expectation"],
        "column": result["column"],
        "result": word_of(result),
        "elements": None if elements is None else rounded(cautious(elements)),
        "unexpected": None if unexpected is None else rounded(cautious(unexpected)),
    }
