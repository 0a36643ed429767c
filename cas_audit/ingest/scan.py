"""What a column holds, whatever it is called: values that look like direct identifiers.

Patterns find candidates; check digits decide where a kind has them. A nine-digit number that
happens to pass the eleven test cannot be told from a citizen service number (BSN): one in eleven
random ones does. `benchmarks/scan.py` measures recall and false alarms per kind.
"""

import re
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stdnum import iban
from stdnum.nl import bsn

from cas_audit.ingest.persons import holds_name

__all__ = ["KINDS", "find_identifiers", "kinds_for"]

SIDE_CODES = (
    "LL-99-99 99-99-LL 99-LL-99 LL-99-LL LL-LL-99 99-LL-LL 99-LLL-9 9-LLL-99 "
    "LL-999-L L-999-LL LLL-99-L L-99-LLL 9-LL-999 999-LL-9"
)


def _plates(between: str) -> str:
    """Return the Dutch licence plate series as one pattern.

    Without anything between, the first series are left out: a postcode and the code of a
    municipality are written like them.
    """
    codes = SIDE_CODES if between else SIDE_CODES.partition("99-LLL-9")[1:]
    shapes = "".join(codes).replace("-", between).replace("L", "[A-Z]").replace("9", "[0-9]")
    return rf"\b({'|'.join(shapes.split())})\b"


NINE = r"[0-9]{9}|[0-9]{3}(\.[0-9]{3}){2}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}"
BEFORE, AFTER = "(^|[^0-9A-Za-z])", "($|[^0-9A-Za-z])"
PHONES = (
    r"((\+|00)31[ .-]?(\(0\)[ .-]?)?|0)[1-9]([ .-]?[0-9]){8}",
    r"\(0[1-9][0-9]{1,2}\)[ .-]?[0-9]([ .-]?[0-9]){5,6}",
    r"(\+[1-9][0-9]{0,2}|00[1-9][0-9]{1,2}[ .-])[ .-]?(\(0\))?([ .-]?[0-9]){7,12}",
)
POSTCODE, NUMBER = "[1-9][0-9]{3} ?[A-Z]{2}", r"(nr|no|huisnr|hnr|huisnummer|nummer)\.?"
STREET = (
    r"\b\p{Lu}\p{L}*(straat|laan|weg|plein|gracht|kade|singel|hof|dreef|pad|steeg|dijk|plantsoen)"
    r",? (nr\.? ?)?[0-9]{1,4}\b"
)
PATTERNS = {
    "bsn": rf"{BEFORE}({NINE}){AFTER}",
    "iban": r"\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?\b",
    "email": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
    "phone": rf"{BEFORE}({'|'.join(PHONES)}){AFTER}",
    "licence_plate": _plates("-"),
    "document": r"\b[A-NP-Z]{2}[A-NP-Z0-9]{6}[0-9]\b",
    "address": rf"\b({POSTCODE}([ ,/-]+|[ ,]*{NUMBER}[ :]*)[0-9]{{1,5}}"
    rf"|[0-9]{{1,5}}[A-Za-z]?[ ,]+{POSTCODE})\b",
}
KINDS = tuple(PATTERNS)
TELEPHONE = re.compile(PATTERNS["phone"])
DAY = re.compile(r"\b[0-9]{1,2}([-./])[0-9]{1,2}\1[0-9]{4}\b|\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b")
IN_TEXT = {  # worth looking for in free text only: codes often look so
    "licence_plate": rf"{PATTERNS['licence_plate']}|{_plates('')}",
    "address": rf"{PATTERNS['address']}|{STREET}",
    "name": r"\p{Lu}\p{L}",
}


def kinds_for(types: Iterable[str]) -> list[str]:
    """Return the kinds that columns of these types are searched for.

    >>> kinds_for(["code", "free_text"])[-1]
    'name'
    """
    return [*KINDS, "name"] if "free_text" in types else list(KINDS)


def find_identifiers(
    column: "pa.Array | pd.Series[str] | pd.Series[int]", *, free_text: bool = False
) -> dict[str, NDArray[np.bool_]]:
    """Say for each kind which values look like it.

    Args:
        column: text or numbers; absent values look like nothing.
        free_text: whether to look also for what only free text is worth: names of persons,
            streets with a number, licence plates without hyphens.

    Returns:
        Per kind with at least one hit, a mask of the shape of the column.
    """
    coded = pa.array(column, from_pandas=True)
    if not pa.types.is_dictionary(coded.type):
        coded = coded.cast(pa.string()).dictionary_encode()
    values = coded.dictionary.cast(pa.string())
    code = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    found = {}
    for kind, pattern in (PATTERNS | (IN_TEXT if free_text else {})).items():
        likely = pc.match_substring_regex(values, pattern)
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


def _holds_phone(value: str) -> bool:
    """A day and the hour behind it are as long as a telephone number."""
    return bool(TELEPHONE.search(DAY.sub(" / ", value)))


CONFIRM: dict[str, Callable[[str], bool]] = {
    "bsn": _holds_bsn,
    "iban": _holds_iban,
    "document": _holds_document,
    "phone": _holds_phone,
    "name": holds_name,
}
