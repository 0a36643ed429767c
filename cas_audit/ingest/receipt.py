"""The receipt: what was offered, refused and admitted, in counts and digests, never values."""

from datetime import date

from cas_audit.config import Strict, Text

__all__ = ["Count", "OfArea", "Receipt"]


class Count(Strict):
    """A count; one to four is suppressed, so that a receipt can be shown to anyone."""

    count: int | None
    suppressed: bool = False


class OfArea(Strict):
    """Rows of one area, rounded; null is less than half of what is rounded to, nought included.

    `area` is null for rows without a place, or outside the areas, and where areas with few
    residents are counted `together`. A rule that no row can meet there is not named.
    """

    area: str | None
    together: int = 0
    offered: int | None
    admitted: int | None
    left_out: dict[str, int | None] = {}
    refused: dict[str, int | None] = {}


class Receipt(Strict):
    """The receipt of one source table.

    `sha256` is that of the file, or of what a database gave. `up_to_a_year` are admitted rows of
    at most a year old. `withheld_names` are refused columns whose name looks like an identifier;
    `resembling` says what the names of other refused columns resemble. `searched` are the kinds of
    identifier looked for; columns that are `compared` were not searched, since nothing in them goes
    further than a comparison; `scanned` says for each other admitted column how many rows looked
    like one, by kind, rounded to tens. Counts in `areas` are rounded to `areas_in`, and only rules
    are named there that turned away a row.
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
    searched: list[str]
    compared: list[str] = []
    scanned: dict[str, dict[str, Count]]
    offered: Count
    admitted: Count
    left_out: dict[str, Count]
    refused: dict[str, Count]
    up_to_a_year: Count | None = None
    areas_in: int = 10
    areas: list[OfArea] = []
