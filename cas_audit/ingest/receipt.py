"""The receipt: what was offered, refused and admitted, in counts and digests, never values."""

from datetime import date

from cas_audit.config import SMALLEST_COUNT, Strict
from cas_audit.ingest.gate import Tally

__all__ = ["Count", "Receipt", "show_count", "show_tally"]


class Count(Strict):
    """A count; one to four is suppressed, so that a receipt can be shown to anyone."""

    count: int | None
    suppressed: bool = False


class Receipt(Strict):
    """The receipt of one source table."""

    table: str
    file: str
    sha256: str
    contract_sha256: str
    suite_sha256: str
    regime: str
    reference_date: date
    retention_years: int
    admitted_columns: list[str]
    refused_columns: list[str]
    offered: Count
    admitted: Count
    left_out: dict[str, Count]
    refused: dict[str, Count]


def show_count(number: int) -> Count:
    """Return a count fit to be shown.

    >>> show_count(3)
    Count(count=None, suppressed=True)
    """
    small = 0 < number < SMALLEST_COUNT
    return Count(count=None if small else number, suppressed=small)


def show_tally(tally: Tally) -> dict[str, object]:
    """Return the counts of a tally fit to be shown.

    When any count is suppressed, the admitted total is too: it could give it away.
    """
    parts = {
        name: {rule: show_count(number) for rule, number in counts.items()}
        for name, counts in (("left_out", tally.left_out), ("refused", tally.refused))
    }
    hidden = sum(count.suppressed for part in parts.values() for count in part.values())
    admitted = Count(count=None, suppressed=True) if hidden else show_count(tally.admitted)
    return {"offered": show_count(tally.offered), "admitted": admitted, **parts}
