"""Who did what, told apart and never told: names of staff become numbers in the child at once."""

import secrets
import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["NOBODY", "plain_name", "read_people"]

NOBODY = np.uint64(0)
KEY = secrets.token_hex(8)  # of this process alone; nothing that is made with it leaves it
PLACEHOLDERS = {  # what a system or a person writes where nobody is meant
    "n.v.t.", "nvt", "n/a", "na", "geen", "none", "onbekend", "unknown", "nobody", "niemand",
    "auto-merge", "automerge", "bot",
}  # fmt: skip


def plain_name(text: str) -> str:
    """Return a name as it is compared: one case, one form, only what is seen; blank for nobody.

    >>> [plain_name(text) for text in (" An  Bos", "an\u00a0bos\u200b", "N.v.t.", "--")]
    ['an bos', 'an bos', '', '']
    """
    seen = "".join(one for one in text if unicodedata.category(one) != "Cf")
    folded = unicodedata.normalize("NFKC", seen).casefold()
    plain = " ".join(unicodedata.normalize("NFKC", folded).split())
    told = any(one.isalnum() for one in plain) and plain not in PLACEHOLDERS
    return plain if told else ""


def read_people(piece: pa.Table, name: str) -> NDArray[np.uint64]:
    """Return for each row a number that is the same for the same person, `NOBODY` where none is.

    >>> one, other, blank = read_people(pa.table({"a": ["An ", "an", "-"]}), "a")
    >>> bool(one == other), bool(blank == NOBODY)
    (True, True)
    """
    text = piece[name].cast(pa.string()).to_pandas().fillna("").astype(str)
    known = {one: plain_name(one) for one in text.unique()}
    plain = np.array([known[one] for one in text], dtype=object)
    found = pd.util.hash_array(plain, hash_key=KEY, categorize=True)
    return np.where(plain == "", NOBODY, found).astype(np.uint64)
