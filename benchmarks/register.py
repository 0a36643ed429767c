"""The register of features as a page: what each knows, from where, and whether of persons.

    python benchmarks/register.py --out docs/features.md

A dossier holds the register of its own model, in `model/features.json`.
"""

import argparse
from pathlib import Path

from cas_audit.forecast.city import SUSPECTS
from cas_audit.forecast.features import FEATURES, Feature
from cas_audit.forecast.forecasters import BASELINES, forecaster_of

HEAD = """\
# Features

Made by `python benchmarks/register.py --out docs/features.md`.

What each model knows of a cell before a period begins.
Every feature is made of earlier weeks only.
The window says of how many, the reach how many cells away.
`OTHER` stands for each other theme of the configuration, `others` for all of them together.
A layer has no window: it stands still, and whether it holds what came later cannot be tried.
The register of a dossier is `model/features.json`.
Their means over the test weeks, by theme and cell, stand in `model/feature_means.parquet`,
what was known before these weeks in `model/feature_before.parquet`, and how features go together in
`model/feature_correlations.json`; of a table of forecasts there are none."""


def table(name: str, features: tuple[Feature, ...]) -> str:
    """Return the register of one model."""
    rows = [
        f"| `{one.name}` | {one.source} | {one.window_weeks or '-'} | {one.reach_cells} "
        f"| {'yes' if one.about_persons else 'no'} |"
        for one in features
    ]
    head = "| feature | source | window, weeks | reach, cells | data on persons behind it |"
    return "\n".join([f"## {name}", "", head, "|---|---|---|---|---|", *rows])


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    known = {"cas_ensemble": (*FEATURES, SUSPECTS)}
    known["blend"] = forecaster_of("blend", ["OTHER", "ANOTHER"], [SUSPECTS]).features
    known |= {name: forecaster_of(name).features for name in BASELINES}
    shown = {
        name: tuple(one for one in features if "ANOTHER" not in one.name)
        for name, features in known.items()
    }
    text = "\n\n".join([HEAD, *(table(*one) for one in shown.items())]) + "\n"
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
