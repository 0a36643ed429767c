"""The audit of the audit: intervals and verdicts on cities of which the truth is known.

    python benchmarks/calibration --work calibration --part beyond --part process --part outcomes
    python benchmarks/calibration --work calibration --part checks --out docs/measured/checks.md

The first writes docs/measured/calibration.md with `--out`.

Each setting is a file of its own in the working folder, so that a run that was stopped goes on
where it was. `--share 0.01` draws a hundredth of the cities, to see that it runs. The picture of
the checks is drawn beside the page. `--measured` measures nothing more, and writes what there is.
"""

import argparse
import hashlib
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import beyond
import outcomes
import process
import verdicts

PARTS = {"beyond": beyond, "process": process, "outcomes": outcomes, "checks": verdicts}
LARGEST = 1000


def measure(work: Path, part: str, setting: dict[str, Any], share: float) -> dict[str, Any]:
    """Measure one setting, or read what was measured before."""
    chosen = scaled(setting, share)
    path = kept(work, part, chosen)
    if not path.is_file():
        found = PARTS[part].measure(**chosen)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps({**chosen, **found}), encoding="utf-8")
        draft.replace(path)
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return measured


def scaled(setting: dict[str, Any], share: float) -> dict[str, Any]:
    """Return a setting with a share of its cities."""
    return {**setting, "cities": max(round(setting["cities"] * share), 4)}


def kept(work: Path, part: str, chosen: dict[str, Any]) -> Path:
    """Return where a setting is kept once it is measured."""
    name = hashlib.sha256(json.dumps([part, chosen], sort_keys=True).encode()).hexdigest()[:16]
    return work / f"{part}-{name}.json"


def main() -> None:
    """Read the arguments, measure what is missing, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--part", choices=sorted(PARTS), action="append")
    parser.add_argument("--largest-side", type=int, default=LARGEST)
    parser.add_argument("--measured", action="store_true")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    parts = chosen.part or list(PARTS)
    todo = [
        (name, one)
        for name in parts
        for one in PARTS[name].SETTINGS
        if one["side"] <= chosen.largest_side
        and (not chosen.measured or kept(chosen.work, name, scaled(one, chosen.share)).is_file())
    ]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in parts}
    with ProcessPoolExecutor(chosen.workers) as pool:
        waiting = [
            (name, pool.submit(measure, chosen.work, name, one, chosen.share)) for name, one in todo
        ]
        for name, one in waiting:
            found[name].append(one.result())
            print(f"{name}: {len(found[name])} measured", file=sys.stderr)
    pages = "\n\n".join(
        PARTS[name].page(rows) + lacking(name, rows) for name, rows in found.items()
    )
    text = f"# The audit of the audit\n\nMade by `{command(chosen)}`.\n\n{pages}\n"
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
        if found.get("checks"):
            verdicts.picture(found["checks"], chosen.out.with_name("checks.svg"))


def lacking(part: str, rows: list[dict[str, Any]]) -> str:
    """Say how many settings were not measured, of parts that do not say so themselves."""
    whole = len(PARTS[part].SETTINGS)
    if part == "checks" or len(rows) == whole:
        return ""
    return f"\n\n{len(rows)} of {whole} settings were measured; the same command goes on."


def command(chosen: argparse.Namespace) -> str:
    """Return the command that makes this page."""
    share = "" if chosen.share == 1 else f" --share {chosen.share:g}"
    parts = "".join(f" --part {one}" for one in chosen.part or [])
    largest = "" if chosen.largest_side == LARGEST else f" --largest-side {chosen.largest_side}"
    return f"python benchmarks/calibration --work calibration{share}{parts}{largest}"


if __name__ == "__main__":
    main()
