"""What is known beside a table, that its suite of expectations may be held against."""

import base64
import zlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config, Source
from cas_audit.ingest.contract import BESIDES, NEEDED, Contract
from cas_audit.ingest.counts import MEASURES
from cas_audit.ingest.forecasts import SHOWN, measures_of
from cas_audit.ingest.question import Ground
from cas_audit.ingest.records import RECORDS
from cas_audit.ingest.retention import years_allowed, years_before
from cas_audit.ingest.sources import Read

__all__ = ["Known", "know", "pack", "possible", "unpack"]

KEYS = {
    "x": "cell",
    "area": "area",
    "cell": "cell",
    "moment": "week",
    "date": "week",
    "theme": "theme",
    "channel": "channel",
    "decision": "decision",
    "age": "age_band",
    "seconds": "taken",
}
OF_RECORDS = ["kind", "months"]
OWN_MEASURES = {"areas": ["residents"], "survey": ["respondents", "reported_share"]}


@dataclass(frozen=True)
class Known:
    """Facts beside a table; a suite names one as {"$PARAMETER": name}.

    None is what was not said, or what cannot be said of this table: an expectation that names it
    is not asked. `ground` is the area of each cell of the grid, packed.
    """

    columns: list[str]
    keys: list[str] | None  # where there is more than one: the library asks for that
    groups: list[str] | None
    themes: list[str]
    channels: list[str]
    areas: list[str]
    ground: str
    last_cell: int
    crs: str
    cell_size_m: float
    x0: float
    y0: float
    reference_date: str
    first_week: str
    last_week: str
    offered: int
    admitted: int | None = None  # where the counts of the table add up to its rows
    control_total: int | None = None
    quality: dict[str, int] | None = None  # rows of the asked themes, by what is wrong with them
    lags: dict[str, int] | None = None  # the same by recording lag, where that is handed over

    def plain(self) -> dict[str, Any]:
        """Return the facts by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def know(config: Config, source: Source, contract: Contract, ground: Ground, read: Read) -> Known:
    """Gather what is known beside a table."""
    keys, measures = _keys(contract), _measures(contract)
    grid, tally = ground.grid, read.tally
    quality = None if read.quality is None else _totals(read.quality)
    reference = pd.Timestamp(config.reference_date)
    return Known(
        columns=[*keys, *measures],
        keys=keys if len(keys) > 1 else None,
        groups=[str(one.group) for one in contract.groups] or None,
        themes=config.themes,
        channels=list(config.channels),
        areas=ground.codes,
        ground=pack(ground.area),
        last_cell=len(ground.area) - 1,
        crs=grid.crs,
        cell_size_m=grid.cell_size_m,
        x0=grid.x0,
        y0=grid.y0,
        reference_date=f"{reference:%Y-%m-%d}",
        first_week=_monday(years_before(config.reference_date, years_allowed(config, contract))),
        last_week=_monday(reference - pd.Timedelta(days=1)),
        offered=tally.offered,
        admitted=tally.admitted if _counts_rows(contract) else None,
        control_total=source.control_total,
        quality=quality,
        lags=quality if contract.column("recorded") else None,
    )


def possible(table: str) -> set[str]:
    """Return the columns that a table can have, whether or not its contract asks for them."""
    if table in RECORDS:
        return set(OF_RECORDS)
    roles = BESIDES[table].union(*NEEDED[table])
    if table == "forecasts":
        return {*_named(roles), *SHOWN.values()}
    return {"cell", *_named(roles)} if table == "areas" else _named(roles)


def pack(area: NDArray[np.int32]) -> str:
    """Return the area of each cell as one short text.

    Great Expectations copies, converts and hashes all it is handed, item by item: a list of
    100,000 takes 11 seconds, a text none.

    >>> unpack(pack(np.array([0, -1, 3], dtype=np.int32)))
    array([ 0, -1,  3], dtype=int32)
    """
    return base64.b85encode(zlib.compress(area.astype("<i4").tobytes())).decode()


def unpack(text: str) -> NDArray[np.int32]:
    """Return what was packed."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype="<i4")


def _named(roles: set[str]) -> set[str]:
    return {KEYS[role] for role in roles if role in KEYS}


def _keys(contract: Contract) -> list[str]:
    if contract.table == "areas":
        return ["cell"]
    if contract.table in RECORDS:
        return OF_RECORDS
    roles = {one.role for one in contract.columns}
    if contract.table == "incidents":
        roles.add("channel")  # unknown where the source does not say
    return list(dict.fromkeys(name for role, name in KEYS.items() if role in roles))


def _measures(contract: Contract) -> list[str]:
    if contract.table == "forecasts":
        return measures_of(contract)
    groups = [str(one.group) for one in contract.groups]
    return OWN_MEASURES.get(contract.table, [MEASURES.get(contract.table, "count")]) + groups


def _counts_rows(contract: Contract) -> bool:
    """Say whether each row counts as one, so that counts add up to the rows admitted."""
    own = contract.table not in RECORDS and contract.column("count") is None
    return own and "count" in _measures(contract)


def _totals(quality: pd.DataFrame) -> dict[str, int]:
    return {str(kind): int(n) for kind, n in quality.groupby("kind")["count"].sum().items()}


def _monday(day: pd.Timestamp) -> str:
    return f"{day - pd.Timedelta(days=day.day_of_week):%Y-%m-%d}"
