"""Each kind of bias alone, and which checks react: a matrix of dials and checks.

    python benchmarks/matrix.py --work matrix --out docs/measured/matrix.md

Every dial spoils the raw feed of one trial city in one way, and the whole programme audits it. What
should react is written down here, not read off the result. A city that was measured is kept in the
working folder, so that a run that was stopped goes on.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from cas_audit import steps
from cas_audit.demo import prepare
from cas_audit.files import digest, read_json, read_yaml, write_json, write_yaml
from cas_audit.processes import allow, open_processes
from cas_audit.simulate.beside import name_areas
from cas_audit.simulate.city import CELL_SIZE_M, ORIGIN_M, SIDE, City, build_city
from cas_audit.simulate.incidents import THEMES

SIGNS = {
    "met": "·",
    "not_met": "**✗**",
    "insufficient_evidence": "?",
    "not_applicable": "n/a",
    "unavailable": "-",
    "error": "**error**",
}
MOST_REFUSED = 0.5
STREAMS = 5  # of the feed; the first draws the city
LATE_DAYS, BREAK_WEEK = 60, 104
MOST_SUSPECTS = 100.0  # in a cell where only the group lives
UNTOLD, SPOILED, TWICE, RENAMED = 0.8, 0.8, 0.1, 0.4  # shares, as the dials say
NEVER_DELIVERED = range(60, 66)  # weeks


@dataclass(frozen=True)
class Feed:
    """A feed on disk, and the city it was drawn from."""

    folder: Path
    seed: int
    side: int

    def incidents(self) -> pd.DataFrame:
        """Return the incidents as text, as they stand."""
        return pd.read_csv(self.folder / "incidents.csv", dtype=str, keep_default_na=False)

    def write(self, incidents: pd.DataFrame) -> None:
        """Put incidents in the place of those that stood there."""
        incidents.to_csv(self.folder / "incidents.csv", index=False)

    def theirs(self, incidents: pd.DataFrame) -> np.ndarray:
        """Say of each incident whether it lies in the half of the areas that a dial is about."""
        place = incidents[["x_rd", "y_rd"]].to_numpy(float)
        cell = ((place - ORIGIN_M) // CELL_SIZE_M).astype(int)
        inside = ((cell >= 0) & (cell < self.side)).all(axis=1)
        column, row = np.where(inside[:, None], cell, 0).T
        found: np.ndarray = inside & _theirs(self.city())[row, column]
        return found

    def their_areas(self) -> set[str]:
        """Return the codes of those areas: where the group's share is highest."""
        city = self.city()
        return set(name_areas(np.unique(city.area[_theirs(city)])))

    def city(self) -> City:
        """Return the city it was drawn from."""
        return build_city(np.random.default_rng(self.seed).spawn(STREAMS)[0], self.side)


def _theirs(city: City) -> np.ndarray:
    """Return the cells of the half of the areas where the share of the group is highest."""
    found: np.ndarray = city.kept & (city.share_outside >= np.median(city.share_outside))[city.area]
    return found


def nothing(_feed: Feed, _rng: np.random.Generator) -> None:
    """Leave the feed as it is."""


def reporting(feed: Feed, rng: np.random.Generator) -> None:
    """Four in five incidents in their areas are not told to the police; the survey knows."""
    table = feed.incidents()
    told = rng.random(len(table)) < 1 - UNTOLD * feed.theirs(table)
    feed.write(table[told | (table["melding"] != "aangifte")])
    survey = pd.read_csv(feed.folder / "survey.csv")
    theirs = survey["buurtcode"].isin(feed.their_areas())
    survey["gemeld_procent"] = (survey["gemeld_procent"] * (1 - UNTOLD * theirs)).round(2)
    survey.to_csv(feed.folder / "survey.csv", index=False)


def places(feed: Feed, rng: np.random.Generator) -> None:
    """Four in five records of their areas have no place."""
    table = feed.incidents()
    lost = rng.random(len(table)) < SPOILED * feed.theirs(table)
    table.loc[lost, ["x_rd", "y_rd"]] = "0.0"
    feed.write(table)


def filing(feed: Feed, rng: np.random.Generator) -> None:
    """Four in five records of their areas are filed two months later."""
    table = feed.incidents()
    late = rng.random(len(table)) < SPOILED * feed.theirs(table)
    day = pd.to_datetime(table["registratiedatum"]) + pd.to_timedelta(LATE_DAYS * late, unit="D")
    table["registratiedatum"] = day.dt.strftime("%Y-%m-%d")
    feed.write(table)


def repeats(feed: Feed, rng: np.random.Generator) -> None:
    """A tenth of all rows stands twice."""
    table = feed.incidents()
    feed.write(pd.concat([table, table[rng.random(len(table)) < TWICE]]))


def codes(feed: Feed, rng: np.random.Generator) -> None:
    """From two years on four in ten of every theme are filed as vandalism."""
    table = feed.incidents()
    moment = pd.to_datetime(table["pleegmoment"], errors="coerce")
    late = (moment >= moment.min() + pd.Timedelta(weeks=BREAK_WEEK)).to_numpy()
    table.loc[late & (rng.random(len(table)) < RENAMED), "feitcode"] = THEMES["vandalism"].code
    feed.write(table)


def weeks(feed: Feed, _rng: np.random.Generator) -> None:
    """Six weeks were never delivered."""
    table = feed.incidents()
    moment = pd.to_datetime(table["pleegmoment"], errors="coerce")
    since = (moment - moment.min()).dt.days // 7
    feed.write(table[~since.isin(NEVER_DELIVERED)])


def proxy(feed: Feed, rng: np.random.Generator) -> None:
    """Suspects are counted as the share of residents born outside Europe, and as nothing else."""
    city, path = feed.city(), feed.folder / "suspects.parquet"
    area = city.area[city.kept]  # the table has a row a cell, row by row
    table = pd.read_parquet(path)
    table["aantal_verdachten"] = rng.poisson(MOST_SUSPECTS * city.share_outside[area])
    table.to_parquet(path, index=False)


@dataclass(frozen=True)
class Dial:
    """One way to spoil a city: how, what should say so, and what may follow from it."""

    spoil: Callable[[Feed, np.random.Generator], None]
    should: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    over_policing: float = 0.0
    suspects: bool = False


FOLLOWS = frozenset(
    {"model/even_exposure", "model/even_false_flags", "model/even_misses", "model/even_precision"}
    | {"model/exposure_follows_need", "model/calibrated_in_every_group"}
    | {"model/no_hidden_group_is_worse_off", "model/no_worse_in_any_group"}
    | {"model/robust_to_thresholds", "data/places_are_represented"}
)
STANDS = "data/no_feature_stands_for_a_group"
DIALS = {
    "none": Dial(nothing),
    "over_policing": Dial(
        nothing,
        # what was found nearby tells where the group lives, beyond what was brought
        frozenset({"data/past_attention_is_even", "model/even_exposure", STANDS}),
        FOLLOWS
        | {"data/records_are_brought_not_found", "data/patrols_do_not_make_the_data"}
        | {"data/labels_are_what_they_claim"},
        over_policing=1.0,
    ),
    "reporting": Dial(
        reporting,
        frozenset({"data/reporting_is_even"}),
        FOLLOWS | {STANDS, "data/past_attention_is_even"},  # finds are held against reports
    ),
    "places": Dial(
        places,
        frozenset({"data/locations_are_complete"}),
        FOLLOWS | {"data/rows_are_usable", "data/expectations_hold"},
    ),
    "filing": Dial(
        filing,
        frozenset({"data/registration_is_timely"}),
        frozenset({"data/expectations_hold"}),
    ),
    "repeats": Dial(
        repeats, frozenset({"data/records_are_unique"}), frozenset({"data/rows_are_usable"})
    ),
    "codes": Dial(
        codes, frozenset({"data/codes_are_consistent"}), frozenset({"data/rows_are_usable"})
    ),
    "weeks": Dial(
        weeks,
        frozenset({"data/weeks_are_complete"}),
        frozenset({"data/codes_are_consistent", "data/expectations_hold"}),
    ),
    "suspects": Dial(
        nothing,
        frozenset({"privacy/no_source_about_suspects"}),
        frozenset({"model/future_was_unseen", STANDS}),
        suspects=True,
    ),
    "proxy": Dial(
        proxy,
        frozenset({STANDS, "privacy/no_source_about_suspects"}),
        FOLLOWS | {"model/future_was_unseen", "model/fairness_without_proxies"},
        suspects=True,
    ),
}


def audit(name: str, seed: int, side: int, folder: Path) -> dict[str, str]:
    """Audit the trial city under one dial; return the outcome of every check."""
    dial = DIALS[name]
    prepare(folder, seed=seed, side=side, over_policing=dial.over_policing)
    feed = Feed(folder / "feed", seed, side)
    dial.spoil(feed, np.random.default_rng([seed, sorted(DIALS).index(name)]))
    said = read_json(feed.folder / "feed.json")
    said["files"] = {one: digest(feed.folder / one) for one in said["files"]}
    write_json(feed.folder / "feed.json", said)
    config = read_yaml(folder / "configs/v1.yaml")
    config["max_refused_share"] = MOST_REFUSED  # else the gate stops what checks should see
    if not dial.suspects:
        del config["sources"]["suspects"]
    write_yaml(folder / "configs/dial.yaml", config)
    for step in (steps.ingest, steps.forecast):
        step(folder / "configs/dial.yaml", folder / "audit")
    steps.check(folder / "audit")
    findings = read_json(folder / "audit/findings.json")["findings"]
    return {one["check"]: one["outcome"] for one in findings}


def measure(work: Path, name: str, seed: int, side: int) -> dict[str, str]:
    """Audit a city, or read what came of it before."""
    kept = work / f"{name}-{seed}-{side}.json"
    if not kept.is_file():
        with TemporaryDirectory(dir=work) as folder:
            found = audit(name, seed, side, Path(folder))
        draft = kept.with_suffix(".draft")
        draft.write_text(json.dumps(found), encoding="utf-8")
        draft.replace(kept)
    measured: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
    return measured


def page(found: dict[str, dict[str, str]], seed: int, side: int) -> str:
    """Return the matrix, and what did not go as was written down beforehand."""
    checks = sorted({check for one in found.values() for check in one})
    quiet = {check for check in checks if {one.get(check) for one in found.values()} <= {"met"}}
    rows = [
        f"| `{check}` | " + " | ".join(_cell(check, name, found[name]) for name in found) + " |"
        for check in checks
        if check not in quiet
    ]
    dials = [f"| `{name}` | {DIALS[name].spoil.__doc__} |" for name in found]
    dials = [one.replace("Leave the feed as it is.", _of(one)) for one in dials]
    head = "| check | " + " | ".join(f"`{name}`" for name in found) + " |"
    return "\n".join(
        [
            "# Which checks react to which bias",
            "",
            f"Made by `python benchmarks/matrix.py --work matrix --seed {seed} --side {side}`.",
            "",
            "One trial city, spoiled in one way at a time, and audited by the whole programme",
            "with the look-alike of CAS; the gate puts up with half of the rows being refused,",
            "so that checks see them. ✗ is not met, ? insufficient evidence, · met, n/a not",
            "applicable, - unavailable. Written down before it was measured: what should react",
            "(→), and what may follow, in italics; after a first run dials were made stronger",
            "whose true effect lay within the tolerance, and what follows from exposure and from",
            "reports was completed. What is not met under `none` is of the look-alike itself: it",
            "hangs on its seed, and expects too much where it expects least. Where places are",
            "lost and the source names no area, nobody can say whose they were: that is",
            "insufficient evidence. One city is no rate: false alarms and power of each check",
            "stand in [the audit of the audit](checks.md). Their areas are the half where the",
            "share of residents born outside Europe is highest; for `over_policing` the quarter.",
            "",
            "| dial | what is done |",
            "|---|---|",
            *dials,
            "",
            head,
            "|---|" + "---|" * len(found),
            *rows,
            "",
            f"Met under every dial: {', '.join(f'`{one}`' for one in sorted(quiet))}.",
            "",
            *_surprises(found),
        ]
    )


def _of(row: str) -> str:
    if "over_policing" in row:
        return "The police find an incident more for each that is brought in their areas."
    return "Suspects counted per cell are a source." if "suspects" in row else "Nothing."


def _cell(check: str, name: str, outcomes: dict[str, str]) -> str:
    sign = SIGNS[outcomes[check]] if check in outcomes else ""
    if check in DIALS[name].should:
        return f"→ {sign}"
    return f"*{sign}*" if check in DIALS[name].may else sign


def _surprises(found: dict[str, dict[str, str]]) -> list[str]:
    """Say what should have reacted and did not, and what reacted and should not have."""
    plain = found.get("none", {})
    told = []
    for name, outcomes in found.items():
        dial = DIALS[name]
        told += [
            f"- `{name}`: `{check}` should not be met, and is {outcomes.get(check, 'absent')}."
            for check in sorted(dial.should)
            if outcomes.get(check) != "not_met"
        ]
        told += [
            f"- `{name}`: `{check}` is not met, which was not foreseen."
            for check, outcome in sorted(outcomes.items())
            if outcome == "not_met"
            and check not in dial.should | dial.may
            and (name == "none" or plain.get(check) != "not_met")
        ]
    return told or ["Everything went as written down."]


def main() -> None:
    """Read the arguments, audit what is missing, write the page."""
    allow()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--dial", choices=sorted(DIALS), action="append")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    names = list(chosen.dial or DIALS)
    asked = [(chosen.work, name, chosen.seed, chosen.side) for name in names]
    with open_processes(len(names)) as processes:
        found = processes.each(measure, asked, "cities audited")
    text = page(dict(zip(names, found, strict=True)), chosen.seed, chosen.side) + "\n"
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
