"""What a real feed holds and no model may see: invented persons and addresses.

Every number and domain lies in a range that is kept for tests or is never given out.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["draw_identifiers"]

Words = NDArray[np.str_]
FIRST = ("Sanne", "Daan", "Fatima", "Mehmet", "Emma", "Lotte", "Youssef", "Anna", "Piet", "Wei")
LAST = ("de Proef", "van Voorbeeld", "Testman", "El Exempel", "Fictief", "Verzonnen", "Deminima")
COUNTRIES = ("Nederland", "Turkije", "Marokko", "Suriname", "Polen", "Duitsland", "Syrië")
STREETS = ("Verzonnenlaan", "Fictieplein", "Proefstraat", "Voorbeeldkade", "Testdreef")
STORIES = (
    "Aangever zag een onbekende man wegrennen.",
    "Buurvrouw hoorde glasgerinkel, wil anoniem blijven.",
    "Verdachte is bekend, zie eerdere zaak.",
    "Achterdeur geforceerd; sieraden weg.",
)
FREE_BSN = 9999_00000  # numbers that begin with 9999 are not given out


def draw_identifiers(rng: np.random.Generator, number: int) -> pd.DataFrame:
    """Draw the columns that must be refused, one row per incident.

    Args:
        rng: the only source of chance.
        number: how many rows.
    """
    first, last = _pick(rng, FIRST, number), _pick(rng, LAST, number)
    street, house = _pick(rng, STREETS, number), rng.integers(1, 200, number).astype(str)
    home = np.char.add(np.char.add(_pick(rng, STREETS, number), " "), house)
    mail = np.char.replace(np.char.lower(np.char.add(np.char.add(first, "."), last)), " ", "")
    return pd.DataFrame(
        {
            "bsn": _bsn(rng, number),
            "naam": np.char.add(np.char.add(first, " "), last),
            "telefoon": np.char.add("0600", np.char.zfill(_digits(rng, number, 6), 6)),
            "email": np.char.add(mail, "@example.org"),
            "nationaliteit": _pick(rng, COUNTRIES, number),
            "geboorteland": _pick(rng, COUNTRIES, number),
            "adres_verdachte": home,
            "toelichting": _pick(rng, STORIES, number),
            "straat": street,
            "huisnummer": rng.integers(1, 200, number),
            "postcode": np.char.add("0000", _pick(rng, ("XA", "XB", "XC", "XD"), number)),
        }
    )


def _pick(rng: np.random.Generator, words: tuple[str, ...], number: int) -> Words:
    return np.array(words)[rng.integers(0, len(words), number)]


def _digits(rng: np.random.Generator, number: int, digits: int) -> Words:
    return rng.integers(0, 10**digits, number).astype(str)


def _bsn(rng: np.random.Generator, number: int) -> Words:
    """Numbers that pass the 11-test, so that a scanner has something to find."""
    free = FREE_BSN + np.arange(0, 100_000)
    digits = free[:, None] // 10 ** np.arange(8, -1, -1) % 10
    valid = free[(digits @ [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0]
    return rng.choice(valid, number).astype(str)
