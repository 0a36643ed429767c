"""The raw feed: deterministic, labelled synthetic, and biased by its dial alone."""

from pathlib import Path

import pandas as pd
import pytest

from cas_audit.files import digest, read_json
from cas_audit.simulate.feed import write_feed

SMALL = {"side": 40, "weeks": 20, "themes": ("home_burglary", "drugs")}


def feed(folder: Path, dial: float = 1.0, seed: int = 3) -> pd.DataFrame:
    """Write a small feed and return its incidents."""
    write_feed(folder, seed=seed, over_policing=dial, **SMALL)  # type: ignore[arg-type]
    return pd.read_csv(folder / "feed/incidents.csv", dtype=str)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    """Every file of feed and truth is repeated to the byte, and another seed differs."""
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        feed(tmp_path / name, seed=seed)
    one, other, third = (read_json(tmp_path / name / "feed/feed.json") for name in "abc")

    assert one == other
    assert one["files"] != third["files"]
    assert digest(tmp_path / "a/feed/incidents.csv") == one["files"]["incidents.csv"]


def test_the_feed_stays_as_it_was(tmp_path: Path) -> None:
    """The demonstration's verdicts rest on it: a change of its incidents must be meant."""
    feed(tmp_path)
    known = "b2eb4a8976c4723b5d64d576d03aacea8a897c1423c516ab524c6c7bd4ff76dd"

    assert known == digest(tmp_path / "feed/incidents.csv")


def test_what_the_public_brings_does_not_know_the_dial(tmp_path: Path) -> None:
    """The dial adds found records only, and about as many as it says."""
    biased, fair = feed(tmp_path / "biased"), feed(tmp_path / "fair", 0.0)
    burglaries = [table[table["feitcode"] == "woninginbraak"] for table in (biased, fair)]
    brought = [(table["melding"] == "aangifte").sum() for table in burglaries]
    found = [(table["melding"] == "ambtshalve").sum() for table in burglaries]

    assert brought[0] == brought[1]
    assert 0.01 < found[1] / brought[1] < 0.04
    assert found[0] > 5 * found[1]


@pytest.mark.parametrize("column", ["bsn", "naam", "email", "telefoon"])
def test_the_feed_holds_what_must_be_refused(tmp_path: Path, column: str) -> None:
    """Persons stand in it, as in a real one, and all of them are invented."""
    table = feed(tmp_path)
    invented = {
        "bsn": table["bsn"].str.startswith("9999"),
        "naam": table["naam"].str.len() > 5,
        "email": table["email"].str.endswith("@example.org"),
        "telefoon": table["telefoon"].str.startswith("0600"),
    }

    assert invented[column].all()


def test_every_bsn_passes_the_eleven_test(tmp_path: Path) -> None:
    """So that a scanner of contents has something to find."""
    weights = [9, 8, 7, 6, 5, 4, 3, 2, -1]
    sums = [
        sum(w * int(digit) for w, digit in zip(weights, number, strict=True))
        for number in feed(tmp_path)["bsn"]
    ]

    assert {0} == {total % 11 for total in sums}


def test_a_few_rows_are_spoilt(tmp_path: Path) -> None:
    """Single rows without place or moment are counted by the gate, and stay under its limit."""
    table = feed(tmp_path)
    spoilt = ((table["x_rd"] == "0.0") | (table["pleegmoment"] == "onbekend")).mean()

    assert 0 < spoilt < 0.006
