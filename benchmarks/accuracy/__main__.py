"""Accuracy on real cities and on drawn ones, against counting and every other baseline.

    CAS_AUDIT_DATA=... python benchmarks/accuracy --work accuracy --out docs/measured/accuracy.md

`--earlier 52` takes the year before the test year for the test: models are developed there, and
the test year is looked at once a change (docs/measured/looks.md keeps the log). What was measured
before stands in the working folder, and is not measured again.
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import drawn
import pages
import real
from cities import City, earlier, portland, toronto

CITIES: dict[str, Callable[[], City]] = {"toronto": toronto, "portland": portland}


def kept(path: Path, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
    """Read what was measured before, or measure it."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(make()), encoding="utf-8")
        draft.replace(path)
        print(f"measured {path.stem}", file=sys.stderr)
    return json.loads(path.read_text(encoding="utf-8"))


def measure_real(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure every theme of every city."""
    found = []
    for name in chosen.cities:
        city = earlier(CITIES[name](), chosen.earlier)
        for theme in chosen.themes or city.themes:
            if theme not in city.themes:
                continue
            work = chosen.work / f"earlier-{chosen.earlier}"
            path = work / f"{name}-{theme}-{chosen.seeds}{'-cas' * chosen.look_alike}.json"
            one = partial(real.measure, city, theme, chosen.seeds, look_alike=chosen.look_alike)
            found.append(kept(path, one))
    return found


def main() -> None:
    """Read the arguments, measure what is missing, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cities", nargs="*", choices=sorted(CITIES), default=list(CITIES))
    parser.add_argument("--themes", nargs="*")
    parser.add_argument("--earlier", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--histories", type=int, default=5)
    parser.add_argument("--side", type=int, default=115)
    parser.add_argument("--rates", nargs="*", type=int, default=list(drawn.RATES))
    parser.add_argument("--draws", type=int, default=drawn.DRAWS)
    parser.add_argument("--measured", action="store_true", help="measure no more drawn cities")
    parser.add_argument("--look-alike", action="store_true")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    pairs = measure_real(chosen)
    settings = [
        (rate, chosen.side, seed) for rate in chosen.rates for seed in range(chosen.histories)
    ]
    paths = {one: chosen.work / "drawn-{}-{}-{}.json".format(*one) for one in settings}
    if chosen.measured:
        paths = {one: path for one, path in paths.items() if path.is_file()}
    cities = [kept(path, partial(drawn.measure, *one, chosen.draws)) for one, path in paths.items()]
    made = pages.Made(command(chosen), len(settings), chosen.draws)
    text = pages.page(pairs, cities, made, chosen.earlier)
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")


def command(chosen: argparse.Namespace) -> str:
    """Return the command that makes this page."""
    told = {"earlier": 0, "seeds": 5, "histories": 5, "side": 115, "draws": drawn.DRAWS}
    changed = [name for name, usual in told.items() if getattr(chosen, name) != usual]
    more = [f"--{name} {getattr(chosen, name)}" for name in changed]
    lists = {"cities": list(CITIES), "themes": None, "rates": list(drawn.RATES)}
    for name, usual in lists.items():
        if getattr(chosen, name) != usual:
            more.append(" ".join([f"--{name}", *(repr(one) for one in getattr(chosen, name))]))
    more += ["--look-alike"] * chosen.look_alike
    return " ".join(["python benchmarks/accuracy --work accuracy", *more])


if __name__ == "__main__":
    main()
