"""A vendor's predictions in six jurisdictions, audited from their output alone.

    CAS_AUDIT_DATA=... python benchmarks/vendor.py --out docs/measured/vendor.md

The example `examples/vendor.yaml` is pointed at each jurisdiction, and the one check of exposure is
asked. Beside it stands a plain count from the published file: who lives in the block groups with
most predictions, and who in all of them.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.programme import list_checks, run_check
from cas_audit.config import Config, load_config
from cas_audit.files import read_yaml, write_yaml
from cas_audit.steps import forecast, ingest

HOME = Path(__file__).resolve().parent.parent
PLACES = {
    "fresnopd": ("Fresno", "EPSG:32611"),
    "la": ("Los Angeles", "EPSG:32611"),
    "modesto": ("Modesto", "EPSG:32610"),
    "ocfl": ("Orange County, Florida", "EPSG:32617"),
    "plainfieldpdnj": ("Plainfield", "EPSG:32618"),
    "tacoma": ("Tacoma", "EPSG:32610"),
}


def point(folder: Path, place: str) -> Path:
    """Write the example, pointed at a jurisdiction."""
    plain: dict[str, Any] = read_yaml(HOME / "examples/vendor.yaml")
    plain["area"]["crs"] = PLACES[place][1]
    for name, source in plain["sources"].items():
        source["path"] = f"${{CAS_AUDIT_DATA}}/predpol/{place}-geojson-with-data.json"
        source["contract"] = str(HOME / f"examples/vendor/{name}.contract.yaml")
    write_yaml(folder / f"{place}.yaml", plain)
    return folder / f"{place}.yaml"


def audited(folder: Path, place: str) -> dict[str, Any]:
    """Return the outcome of the check of exposure, and its ratios by group."""
    path = point(folder, place)
    ingest(path, folder / place)
    forecast(path, folder / place)
    found = run_check(list_checks()["model/even_exposure"], Dossier(folder / place / "dossier"), {})
    ratios = {row["group"]: row["ratio"] for row in found.tables["groups"]}
    return {"outcome": found.outcome.value, "places": found.n["places"], **ratios}


def counted(config: Config) -> dict[str, float]:
    """Count from the published file: share of Black residents in the most targeted, and in all."""
    content = json.loads(Path(str(config.sources.areas.path)).read_text(encoding="utf-8"))
    rows = pd.DataFrame([one["properties"] for one in content["features"]])
    top = rows.nlargest(round(config.forecast.flagged_share * len(rows)), "count")
    black, everyone = "black_alone", "total_estimate"
    most, all_ = (part[black].sum() / part[everyone].sum() for part in (top, rows))
    others = [(part[everyone] - part[black]).sum() for part in (top, rows)]
    ratio = top[black].sum() / rows[black].sum() / (others[0] / others[1])
    never = int((rows["count"] == 0).sum())
    return {"areas": len(rows), "never": never, "most": most, "all": all_, "ratio": ratio}


def report(folder: Path) -> str:
    """Audit every jurisdiction, and return the table."""
    lines = [
        (
            "| jurisdiction | block groups | never predicted | flagged | Black residents of all, % "
            "| of those in flagged, % | ratio, plain count | ratio, audit | Latino, audit "
            "| outcome |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    higher = 0
    for place, (name, _) in PLACES.items():
        ours = audited(folder, place)
        plain = counted(load_config(folder / f"{place}.yaml"))
        higher += plain["most"] > plain["all"]
        lines.append(
            f"| {name} | {plain['areas']:.0f} | {plain['never']:.0f} | {ours['places']} "
            f"| {100 * plain['all']:.1f} | {100 * plain['most']:.1f} | {plain['ratio']:.2f} "
            f"| {ours['black']:.2f} | {ours['latino']:.2f} | {ours['outcome'].replace('_', ' ')} |"
        )
    note = (
        f"In {higher} of {len(PLACES)} jurisdictions the block groups with most predictions have "
        f"a larger share of Black residents than the jurisdiction. The Markup found that in 25 of "
        f"38; six of these come with outlines and residents."
    )
    return "\n".join([*lines, "", note])


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    if "CAS_AUDIT_DATA" not in os.environ:
        parser.error("CAS_AUDIT_DATA is not set")
    with tempfile.TemporaryDirectory() as folder:
        text = report(Path(folder))
    head = "# A vendor's predictions, audited from their output"
    made = "Made by `python benchmarks/vendor.py`, with `CAS_AUDIT_DATA` set."
    what = (
        "Flagged are the 5 % of block groups with most predictions. A ratio is how often residents "
        "of the group live in a flagged block group, over how often all others do; of one map, so "
        "it can fail the check and never pass it. With fewer than ten flagged block groups nothing "
        "is decided."
    )
    page = f"{head}\n\n{made}\n\n{what}\n\n{text}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
