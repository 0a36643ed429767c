"""How many hidden identifiers the content scan finds, and how often it cries wolf.

    python benchmarks/scan.py --out docs/measured/scan.md

Identifiers are drawn by the rules of their kind and put alone or within a few words; codes are
those that police and statistics data really hold. Both are generated; none is of a person.
"""

import argparse
import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import texts
from numpy.typing import NDArray
from scipy.stats import beta

from cas_audit.ingest.scan import KINDS, find_identifiers

LETTERS = list(string.ascii_uppercase)
NO_O = [one for one in LETTERS if one != "O"]
PLATES = ["LL-99-99", "99-LL-99", "99-LLL-9", "L-999-LL", "LLL-99-L", "9-LL-999"]
PHONES = [
    "06-99999999", "06 99999999", "06 99 99 99 99", "06.99999999", "+31699999999", "+31 6 99999999",
    "0031 699999999", "+31 (0)6 99999999", "+31(0)20-9999999", "020-9999999", "(020) 9999999",
    "(0228)-999999", "0228 99 99 99", "+49 151 99999999", "+32 475 99 99 99", "0049 151 9999999",
    "+44 (0)20 9999 9999", "+48 999 999 999", "+212 6 99 99 99 99",
]  # fmt: skip
AROUND = ["{}", "zie {}", "{} (doorgegeven)", "melder: {}."]
CAVEAT = """
The codes hold no bare nine-digit numbers: of those one in eleven passes the eleven test, and
cannot be told from a citizen service number.

Names, streets with a number and plates without hyphens are looked for in free text only, which
comes in only where a contract says why. A name in small letters, and one that stands alone, is
not found. A false alarm there costs a row; the sentences are ours, so the share is of their kind.
"""
Draw = Callable[[np.random.Generator], str]


def _digits(rng: np.random.Generator, number: int) -> str:
    return "".join(str(one) for one in rng.integers(0, 10, number))


def bsn(rng: np.random.Generator) -> str:
    """Draw nine digits that pass the eleven test."""
    while True:
        head = [int(one) for one in "9" + _digits(rng, 7)]
        last = sum(weight * one for weight, one in zip(range(9, 1, -1), head, strict=True)) % 11
        if last < 10:  # noqa: PLR2004 - a digit
            return "".join(map(str, [*head, last]))


def iban(rng: np.random.Generator) -> str:
    """Draw a Dutch account number with its check digits, of a bank that does not exist."""
    bank, account = "".join(rng.choice(LETTERS, 4)), _digits(rng, 10)
    number = int("".join(str(int(one, 36)) for one in f"{bank}{account}NL00"))
    plain = f"NL{98 - number % 97:02}{bank}{account}"
    spaced = " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))
    return str(rng.choice([plain, spaced]))


def phone(rng: np.random.Generator) -> str:
    """Draw a number, of here or abroad, in one of the ways it is written."""
    way = str(rng.choice(PHONES))
    return "".join(_digits(rng, 1) if one == "9" else one for one in way)


def plate(rng: np.random.Generator) -> str:
    """Draw a licence plate of one of the series."""
    shape = str(rng.choice(PLATES))
    return "".join(
        str(rng.choice(LETTERS)) if one == "L" else _digits(rng, 1) if one == "9" else one
        for one in shape
    )


def document(rng: np.random.Generator) -> str:
    """Draw a passport or identity card number: two letters, six of either, a digit."""
    either = [*NO_O, *string.digits]
    return "".join([*rng.choice(NO_O, 2), *rng.choice(either, 6), _digits(rng, 1)])


def address(rng: np.random.Generator) -> str:
    """Draw a full postcode with a house number."""
    letters = "".join(rng.choice(LETTERS, 2))
    postcode = f"{rng.integers(1000, 9999)}{rng.choice(['', ' '])}{letters}"
    way = str(rng.choice(["{} {}", "{}, {}", "{}-{}", "{} nr. {}", "{}, huisnummer {}"]))
    if rng.random() < 0.3:  # noqa: PLR2004 - the number first, as behind a street
        return f"{rng.integers(1, 400)}{rng.choice([' ', ', '])}{postcode}"
    return way.format(postcode, rng.integers(1, 400))


def bare_plate(rng: np.random.Generator) -> str:
    """Draw a licence plate of a series since 2005, without hyphens."""
    while True:
        drawn = plate(rng)
        if any(len(part) == 3 for part in drawn.split("-")):  # noqa: PLR2004 - LLL or 999
            return drawn.replace("-", "")


def street(rng: np.random.Generator) -> str:
    """Draw a street that exists in many places, with a number."""
    return f"{rng.choice(texts.STREETS[:2])} {rng.integers(1, 400)}"


def email(rng: np.random.Generator) -> str:
    """Draw an address at a domain reserved for tests."""
    return f"{''.join(rng.choice(LETTERS, 6)).lower()}.{_digits(rng, 2)}@example.org"


HIDDEN: dict[str, Draw] = {
    "bsn": bsn,
    "iban": iban,
    "email": email,
    "phone": phone,
    "licence_plate": plate,
    "document": document,
    "address": address,
}
CODES: list[Draw] = [
    lambda r: f"BU{_digits(r, 8)}",
    lambda r: f"WK{_digits(r, 6)}",
    lambda r: f"GM{_digits(r, 4)}",
    lambda r: f"PL{_digits(r, 4)}-20{r.integers(10, 27)}{_digits(r, 6)}",
    lambda r: f"20{r.integers(10, 27)}-{r.integers(1, 13):02}-{r.integers(1, 29):02}",
    lambda r: f"{r.integers(1, 29):02}-{r.integers(1, 13):02}-20{r.integers(10, 27)}",
    lambda r: f"20{r.integers(10, 27)}{r.integers(1, 13):02}{r.integers(1, 29):02}",
    lambda r: f"{r.integers(10_000, 300_000)}.{_digits(r, 1)}",
    lambda r: f"{r.uniform(4, 7):.6f}",
    lambda r: str(r.integers(0, 100_000)),
    lambda r: f"{r.integers(1000, 9999)} {''.join(r.choice(LETTERS, 2))}",
    lambda r: f"F{_digits(r, 3)}",
    lambda r: str(r.choice(["woninginbraak", "diefstal fiets", "Wijk 12 Oost", "aangifte"])),
    lambda r: f"0{_digits(r, 15)}",
]


def measure(number: int, seed: int = 1) -> pd.DataFrame:
    """Return recall and false alarms per kind among codes."""
    rng = np.random.default_rng(seed)
    codes = pd.Series([CODES[at](rng) for at in rng.integers(0, len(CODES), number)])
    alarms = find_identifiers(codes)
    rows = []
    for kind in KINDS:
        hidden = [str(rng.choice(AROUND)).format(HIDDEN[kind](rng)) for _ in range(number)]
        found = _hits(find_identifiers(pd.Series(hidden)), kind)
        rows.append({"kind": kind, "n": number, "found": found, "false": _hits(alarms, kind)})
    return pd.DataFrame(rows)


def measure_text(number: int, seed: int = 1) -> pd.DataFrame:
    """Return recall and false alarms per kind in free text, and per form of a name."""
    rng = np.random.default_rng(seed)
    plain = pd.Series([texts.ordinary(rng) for _ in range(number)])
    alarms = find_identifiers(plain, free_text=True)
    drawn: dict[str, tuple[str, Callable[[], str]]] = {
        f"name: {form}": ("name", lambda form=form: texts.hidden(rng, form))
        for form in (*texts.NAMED, *texts.MISSED)
    }
    drawn["licence_plate without hyphens"] = ("licence_plate", lambda: _within(rng, bare_plate))
    drawn["street with a number"] = ("address", lambda: _within(rng, street))
    drawn |= {kind: (kind, lambda draw=draw: _within(rng, draw)) for kind, draw in HIDDEN.items()}
    rows = []
    for what, (kind, draw) in drawn.items():
        hidden = pd.Series([draw() for _ in range(number)])
        found = _hits(find_identifiers(hidden, free_text=True), kind)
        rows.append({"kind": what, "n": number, "found": found, "false": _hits(alarms, kind)})
    return pd.DataFrame(rows)


def _within(rng: np.random.Generator, draw: Draw) -> str:
    return f"{texts.ordinary(rng)} {draw(rng)}"


def _hits(found: dict[str, NDArray[np.bool_]], kind: str) -> int:
    return int(found.get(kind, np.zeros(1)).sum())


def _interval(part: int, whole: int) -> str:
    """Return a share with its exact 95 % interval (Clopper & Pearson, 1934)."""
    low = beta.ppf(0.025, part, whole - part + 1) if part else 0.0
    high = beta.ppf(0.975, part + 1, whole - part) if part < whole else 1.0
    return f"{part / whole:.4f} ({low:.4f} to {high:.4f})"


def report(number: int) -> str:
    """Return the tables as Markdown."""
    codes, text = _table(measure(number)), _table(measure_text(number // 4))
    return f"## Among codes\n\n{codes}\n\n## In free text\n\n{text}"


def _table(found: pd.DataFrame) -> str:
    lines = ["| kind | n | recall (95 %) | false alarms (95 %) |", "|---|---|---|---|"]
    for row in found.to_dict("records"):
        recall, false = (_interval(int(row[key]), int(row["n"])) for key in ("found", "false"))
        lines.append(f"| {row['kind']} | {row['n']} | {recall} | {false} |")
    return "\n".join(lines)


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    command = f"python benchmarks/scan.py --number {chosen.number}"
    page = f"# The content scan\n\nMade by `{command}`.\n\n{report(chosen.number)}\n{CAVEAT}"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
