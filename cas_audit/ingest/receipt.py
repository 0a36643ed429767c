"""The receipt: what was offered, refused and admitted, in counts and digests, never values."""

from datetime import date

from cas_audit.config import SMALLEST_COUNT, Strict, Text
from cas_audit.ingest.sieve import Tally

__all__ = ["Count", "OfArea", "Receipt", "show_areas", "show_count", "show_tally", "show_young"]

TENS = 10
PARTS = ("offered", "admitted", "refused")


class Count(Strict):
    """A count; one to four is suppressed, so that a receipt can be shown to anyone."""

    count: int | None
    suppressed: bool = False


class OfArea(Strict):
    """Rows of one area, rounded to tens so that nothing follows by subtraction; null: under five.

    `area` is null for rows without a place, or outside the areas.
    """

    area: str | None
    offered: int | None
    admitted: int | None
    refused: int | None


class Receipt(Strict):
    """The receipt of one source table.

    `sha256` is that of the file, or of what a database gave. `up_to_a_year` are admitted rows of
    at most a year old. `withheld_names` are refused columns whose name looks like an identifier;
    `resembling` says what the names of other refused columns resemble. `scanned` says for each
    admitted column how many rows looked like an identifier, by kind.
    """

    table: str
    source: str
    sha256: str
    contract_sha256: str
    suite_sha256: str
    regime: str
    reference_date: date
    retention_years: int
    comparison: Text | None = None
    admitted_columns: list[str]
    refused_columns: list[str]
    withheld_names: int
    resembling: dict[str, str]
    scanned: dict[str, dict[str, Count]]
    offered: Count
    admitted: Count
    left_out: dict[str, Count]
    refused: dict[str, Count]
    up_to_a_year: Count | None = None
    areas: list[OfArea] = []


def show_count(number: int) -> Count:
    """Return a count fit to be shown.

    >>> show_count(3)
    Count(count=None, suppressed=True)
    """
    small = 0 < number < SMALLEST_COUNT
    return Count(count=None if small else number, suppressed=small)


def show_tally(tally: Tally) -> dict[str, object]:
    """Return the counts of a tally fit to be shown.

    When any count is suppressed, the admitted total is too: it could give it away. When only the
    admitted total is small, the offered one goes with it, for the same reason.
    """
    parts = {
        name: {rule: show_count(number) for rule, number in counts.items()}
        for name, counts in (("left_out", tally.left_out), ("refused", tally.refused))
    }
    hidden = sum(count.suppressed for part in parts.values() for count in part.values())
    admitted = Count(count=None, suppressed=True) if hidden else show_count(tally.admitted)
    lone = admitted.suppressed and not hidden
    offered = Count(count=None, suppressed=True) if lone else show_count(tally.offered)
    return {"offered": offered, "admitted": admitted, **parts}


def show_young(tally: Tally) -> Count:
    """Return the admitted rows of at most a year old, unless that would tell a few older ones."""
    older = tally.admitted - tally.young
    return (
        Count(count=None, suppressed=True)
        if 0 < older < SMALLEST_COUNT
        else show_count(tally.young)
    )


def show_areas(tally: Tally, codes: list[str]) -> list[OfArea]:
    """Return the counts of each area fit to be shown, those without a place last."""
    places = sorted(tally.areas, key=lambda area: (area < 0, area))
    return [
        OfArea.model_validate(
            {"area": codes[at] if at >= 0 else None, **dict(zip(PARTS, counts, strict=True))}
        )
        for at, counts in ((at, map(_round, tally.areas[at])) for at in places)
    ]


def _round(number: int) -> int | None:
    return None if 0 < number < SMALLEST_COUNT else round(number / TENS) * TENS
