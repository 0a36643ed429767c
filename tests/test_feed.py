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


def beside(folder: Path, name: str) -> pd.DataFrame:
    """Return a table beside the incidents, with the share of an area that is policed too much."""
    return pd.read_csv(folder / f"feed/{name}.csv")


def test_victims_report_as_much_everywhere_whatever_the_dial(tmp_path: Path) -> None:
    """The survey knows no bias: its shares scatter around one rate as a sample does."""
    for name, dial in (("biased", 1.0), ("fair", 0.0)):
        feed(tmp_path / name, dial)
    table = beside(tmp_path / "biased", "survey").query("thema == 'woninginbraak'")
    asked, told = table["ondervraagden"], table["gemeld_procent"] / 100
    scatter = ((told - 0.7) ** 2 * asked / (0.7 * 0.3)).mean()

    pd.testing.assert_frame_equal(
        beside(tmp_path / "biased", "survey"), beside(tmp_path / "fair", "survey")
    )
    assert 0.7 == pytest.approx((told * asked).sum() / asked.sum(), abs=0.1)
    assert 0.3 < scatter < 2.5


@pytest.mark.parametrize("name", ["patrols", "stops", "complaints"])
def test_attention_knows_the_dial(tmp_path: Path, name: str) -> None:
    """With the dial there are more hours, stops and complaints; without it none is added."""
    for folder, dial in (("biased", 1.0), ("fair", 0.0)):
        feed(tmp_path / folder, dial)
    biased, fair = (beside(tmp_path / one, name) for one in ("biased", "fair"))
    more = len(biased) / len(fair)
    if name == "patrols":  # a row a week, whatever the hours
        more = biased["uren"].sum() / fair["uren"].sum()

    assert 1.05 < more < 2.0


def test_decisions_are_about_the_last_year(tmp_path: Path) -> None:
    """Each week as many areas are advised, and every kind of decision is taken."""
    feed(tmp_path)
    table = beside(tmp_path, "decisions")

    assert {"gevolgd", "deels_gevolgd", "niet_gevolgd"} == set(table["besluit"])
    assert 1 == table.groupby(["thema", "besluitdatum"]).size().nunique()


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
