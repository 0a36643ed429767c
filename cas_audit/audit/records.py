"""Records of an organisation's own work, as ingest counted them: what, how long ago, how often."""

import pandas as pd

from cas_audit.audit.dossier import Dossier

__all__ = ["Record", "open_record"]


class Record:
    """Counts by kind and by months before the reference date."""

    def __init__(self, table: pd.DataFrame) -> None:
        """Take columns kind, months and count."""
        self._counts = table.groupby(["kind", "months"], as_index=False)["count"].sum()

    def tells(self, *kinds: str) -> bool:
        """Say whether all of these were counted, be it that there were none."""
        return set(kinds) <= set(self._counts["kind"])

    def total(self, kind: str, *, within: float | None = None, before: float | None = None) -> int:
        """Return how many there are.

        Args:
            kind: what.
            within: only those of at most so many months ago.
            before: only those of more months ago.
        """
        rows = self._counts[self._counts["kind"] == kind]
        if within is not None:
            rows = rows[rows["months"] <= within]
        if before is not None:
            rows = rows[rows["months"] > before]
        return int(rows["count"].sum())

    def months(self, kind: str) -> list[int]:
        """Return in which months there are any, the newest first."""
        rows = self._counts[(self._counts["kind"] == kind) & (self._counts["count"] > 0)]
        return sorted(int(one) for one in rows["months"])


def open_record(dossier: Dossier, name: str) -> Record:
    """Open a record that was handed in: access, changes, restores or log.

    Raises:
        Unavailable: it was not.
    """
    return Record(dossier.table(f"data/{name}.parquet"))
