"""What a column holds, whatever it is called: values that look like direct identifiers.

Patterns find candidates; check digits decide where a kind has them. A nine-digit number that
happens to pass the eleven test cannot be told from a citizen service number (BSN): one in eleven
random ones does. `benchmarks/scan.py` measures recall and false alarms per kind.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stdnum import iban
from stdnum.nl import bsn

__all__ = ["KINDS", "find_identifiers", "kinds_for"]

SIDE_CODES = (
    "LL-99-99 99-99-LL 99-LL-99 LL-99-LL LL-LL-99 99-LL-LL 99-LLL-9 9-LLL-99 "
    "LL-999-L L-999-LL LLL-99-L L-99-LLL 9-LL-999 999-LL-9"
)


def _plates() -> str:
    """Return the Dutch licence plate series as one pattern; hyphens are required."""
    shapes = SIDE_CODES.replace("L", "[A-Z]").replace("9", "[0-9]").split()
    return rf"\b({'|'.join(shapes)})\b"


NINE = r"[0-9]{9}|[0-9]{3}(\.[0-9]{3}){2}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}"
BEFORE, AFTER = "(^|[^0-9A-Za-z])", "($|[^0-9A-Za-z])"
PATTERNS = {
    "bsn": rf"{BEFORE}({NINE}){AFTER}",
    "iban": r"\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?\b",
    "email": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
    "phone": rf"{BEFORE}((\+|00)31[ -]?|0)[1-9]([ -]?[0-9]){{8}}{AFTER}",
    "licence_plate": _plates(),
    "document": r"\b[A-NP-Z]{2}[A-NP-Z0-9]{6}[0-9]\b",
    "address": r"\b[1-9][0-9]{3} ?[A-Z]{2}[ ,]+[0-9]{1,5}\b",
}
KINDS = tuple(PATTERNS)
CALLED = r"\b([Dd]hr|[Mm]evr|[Mm]w|[Mm]rs?|[Mm]s|[Dd]e heer|[Mm]evrouw|[Mm]eneer)\b\.? +"
BETWEEN = r"((van|de|der|den|ter|ten|te|het|in|op|el|al|'t)\b ?){0,3}"
CAPITAL = r"\p{Lu}[\p{L}'-]+"
PATTERNS["name"] = (
    rf"{CALLED}{BETWEEN}{CAPITAL}|\b(\p{{Lu}}\. ?){{1,4}}{BETWEEN}{CAPITAL}"
    rf"|\b{CAPITAL} {BETWEEN}{CAPITAL}"
)


def kinds_for(types: Iterable[str]) -> list[str]:
    """Return the kinds that columns of these types are searched for.

    >>> kinds_for(["code", "free_text"])[-1]
    'name'
    """
    return [*KINDS, "name"] if "free_text" in types else list(KINDS)


def find_identifiers(
    column: "pa.Array | pd.Series[str] | pd.Series[int]", *, names: bool = False
) -> dict[str, NDArray[np.bool_]]:
    """Say for each kind which values look like it.

    Args:
        column: text or numbers; absent values look like nothing.
        names: whether to look for names of persons too; only free text is worth that.

    Returns:
        Per kind with at least one hit, a mask of the shape of the column.
    """
    coded = pa.array(column, from_pandas=True)
    if not pa.types.is_dictionary(coded.type):
        coded = coded.cast(pa.string()).dictionary_encode()
    values = coded.dictionary.cast(pa.string())
    code = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    found = {}
    for kind in (*KINDS, *(("name",) if names else ())):
        likely = pc.match_substring_regex(values, PATTERNS[kind])
        at = np.flatnonzero(pc.fill_null(likely, fill_value=False).to_numpy(zero_copy_only=False))
        certain = np.zeros(len(values) + 1, dtype=bool)  # the last stands for absent
        certain[at] = [_confirmed(kind, values[int(one)].as_py()) for one in at]
        mask = certain[code]
        if mask.any():
            found[kind] = mask
    return found


def _confirmed(kind: str, value: str) -> bool:
    """Say whether check digits or letters bear the pattern out."""
    return kind not in CONFIRM or CONFIRM[kind](value)


def _holds_bsn(value: str) -> bool:
    digits = "".join(one if one.isdigit() else " " for one in value.replace(".", ""))
    return any(len(part) == 9 and bsn.is_valid(part) for part in digits.split())  # noqa: PLR2004


def _holds_iban(value: str) -> bool:
    plain = value.replace(" ", "")
    starts = [at for at in range(len(plain) - 1) if plain[at : at + 2].isalpha()]
    ends = range(15, 35)  # the shortest and longest IBAN
    return any(iban.is_valid(plain[at : at + size]) for at in starts for size in ends)


def _holds_document(value: str) -> bool:
    """A document number holds a letter after its first two: else it is a code with a prefix."""
    parts = "".join(one if one.isalnum() else " " for one in value).split()
    fitting = [part for part in parts if len(part) == 9 and part[:2].isalpha()]  # noqa: PLR2004
    return any(any(one.isalpha() for one in part[2:8]) for part in fitting)


CONFIRM: dict[str, Callable[[str], bool]] = {
    "bsn": _holds_bsn,
    "iban": _holds_iban,
    "document": _holds_document,
}
