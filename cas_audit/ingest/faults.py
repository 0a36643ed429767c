"""What can be wrong with a source: what the child says of it, and how that is worded.

The child says kinds, places and column names of the contract; the sentence adds what was expected.
"""

from pathlib import Path
from typing import Any

from cas_audit.config import Source
from cas_audit.errors import ContractError, InputError

__all__ = ["BEGUN", "Broken", "word"]

BEGUN = "begun"  # what the child says, on a line of its own, before each job
Fault = dict[str, Any]
WORDS = {"row": "row", "row_group": "row group", "column_number": "column", "column": "column"}


class Broken(Exception):  # noqa: N818 - reads as what is found
    """A source that cannot be read: the kind of error, and the place where that is known."""

    def __init__(self, error: str, **more: int | str) -> None:
        """Say what kind of error, and where."""
        super().__init__(error)
        self.said: Fault = {"kind": "broken", "error": error, **more}


def word(source: Source, table: str, fault: Fault) -> InputError:
    """Return the error whose sentence says what the child found, where, and what was expected.

    >>> print(word(Source(path="a.csv", contract="a"), "areas", {"kind": "empty"}))
    a.csv holds no rows; expected at least one.
    """
    wrong = (
        ContractError
        if fault["kind"] in {"absent", "twice", "instants", "repeated"}
        else InputError
    )
    return wrong(SENTENCES[fault["kind"]](source, table, fault))


def _empty(source: Source, table: str, fault: Fault) -> str:
    del table, fault
    return f"{source.shown} holds no rows; expected at least one."


def _broken(source: Source, table: str, fault: Fault) -> str:
    del table
    places = [f"{WORDS[key]} {fault[key]}" for key in WORDS if key in fault]
    where = f" at {', '.join(places)}" if places else ""
    kind = Path(source.path).suffix[1:] if source.path else "a table"
    return f"{source.shown} cannot be read as {kind}{where} ({fault['error']})."


def _unreachable(source: Source, table: str, fault: Fault) -> str:
    del table
    return (
        f"The database of {source.shown} cannot be reached ({fault['error']}); "
        f"expected one that answers and lets this user in."
    )


def _driverless(source: Source, table: str, fault: Fault) -> str:
    del table
    return (
        f"The database of {source.shown} cannot be asked ({fault['error']}); expected a URL "
        f"such as postgresql+psycopg://…, and its driver installed, such as cas-audit[postgres]."
    )


def _absent(source: Source, table: str, fault: Fault) -> str:
    hint = "; one column has a name close to it" if fault["close"] else ""
    return _unfit(source, table, fault, "no column", hint)


def _twice(source: Source, table: str, fault: Fault) -> str:
    return _unfit(source, table, fault, "more than one column stands for", "")


def _unfit(source: Source, table: str, fault: Fault, found: str, hint: str) -> str:
    return (
        f"{source.shown}: {found} {fault['column']} among {fault['offered']} columns{hint}; "
        f"expected every column of the contract for {table} once."
    )


def _instants(source: Source, table: str, fault: Fault) -> str:
    return (
        f"{source.shown}: column {fault['column']} holds moments in universal time; expected a "
        f"time_zone in the contract for {table}, such as Europe/Amsterdam."
    )


def _repeated(source: Source, table: str, fault: Fault) -> str:
    return (
        f"{source.shown}: {fault['rows']} of {fault['offered']} rows of {table} are about a place, "
        f"week and theme that stands there already; expected one row for each."
    )


SENTENCES = {
    "empty": _empty,
    "broken": _broken,
    "unreachable": _unreachable,
    "driverless": _driverless,
    "absent": _absent,
    "twice": _twice,
    "instants": _instants,
    "repeated": _repeated,
}
