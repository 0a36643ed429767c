"""Column names: which stand for which, and which name what should rarely come in."""

import difflib
import json
import re
import unicodedata

__all__ = ["Unfit", "match_names", "normalise", "resembles"]

CLOSE = 0.84  # of difflib's ratio: one slip in a name of six letters
SHORTEST = 4  # shorter words are only recognised whole: `ban` is not `bsn`
FORBIDDEN = {
    "a citizen service number": "bsn burgerservicenummer sofinummer",
    "a name": "naam achternaam voornaam familienaam name surname lastname firstname",
    "an e-mail address": "email mailadres",
    "a telephone number": "telefoon telefoonnummer mobiel phone",
    "nationality": "nationaliteit nationality geboorteland birthplace",
    "ethnicity": "etniciteit ethnicity herkomst afkomst race",
    "birth": "geboortedatum geboorte birthdate",
    "religion": "religie geloof religion godsdienst",
    "health": "gezondheid health medisch diagnose",
    "sexual orientation": "seksuele geaardheid orientation",
    "political opinion": "politieke voorkeur vakbond",
    "an address": "adres straat straatnaam huisnummer postcode address street zipcode",
    "a licence plate": "kenteken nummerbord licence plate",
    "a bank account": "iban rekeningnummer",
    "free text": "toelichting omschrijving opmerking remark remarks description",
}
WORDS = {word: what for what, words in FORBIDDEN.items() for word in words.split()}


class Unfit(Exception):  # noqa: N818 - the header does not fit the contract
    """A column of the contract is absent, stands twice, or holds moments of an unknown clock."""


def normalise(name: str) -> str:
    """Return a column name without case, accents, or difference between its separators.

    >>> normalise(" Aantal inwoners (2024)") == normalise("aantal_inwoners_2024")
    True
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")


def match_names(offered: list[str], wanted: list[str]) -> dict[str, str]:
    """Return which offered column stands for each wanted one.

    Raises:
        Unfit: none does, or more than one; says which, as JSON.
    """
    found = {}
    keys = [normalise(one) for one in offered]
    for name in wanted:
        exact = [one for one in offered if one == name]
        plain = normalise(name)
        near = exact or [one for one, key in zip(offered, keys, strict=True) if key == plain]
        if len(near) != 1:
            said = {"kind": "twice" if near else "absent", "column": name, "offered": len(offered)}
            close = bool(difflib.get_close_matches(plain, keys, 1))
            raise Unfit(json.dumps({**said, "close": close}))
        found[name] = near[0]
    return found


def resembles(name: str) -> str | None:
    """Say what a column name resembles that should rarely come in, also when it is misspelt.

    >>> resembles("B.S.N. verdachte"), resembles("nationaliteyt"), resembles("x_rd")
    ('a citizen service number', 'nationality', None)
    """
    plain = normalise(name)
    words = plain.split("_")
    initials = "".join(word for word in words if len(word) == 1)  # B.S.N.
    parts = [*words, initials, "".join(words)]
    for part in parts:
        if part in WORDS:
            return WORDS[part]
    for part in parts:
        inside = next((word for word in WORDS if len(word) > SHORTEST and word in part), None)
        near = difflib.get_close_matches(part, WORDS, 1, CLOSE) if len(part) > SHORTEST else []
        if inside or near:
            return WORDS[inside or near[0]]
    return None
