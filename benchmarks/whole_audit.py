"""How long a whole audit takes: ten themes, every trial, the loop, the scan and the report.

    python benchmarks/whole_audit.py --work whole --out docs/measured/whole-audit.md

The trial city of about 12,000 cells, 260 weeks in its feed of which the model sees 156 and more.
Each step is timed with the processor time of it and of its children, so that what runs side by
side shows. Of `--themes` fewer can be asked, to see that it runs.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from cas_audit import steps
from cas_audit.demo import prepare
from cas_audit.files import read_json, read_yaml, write_yaml
from cas_audit.processes import allow
from cas_audit.simulate.incidents import THEMES

REFITS, REPLICATES = 8, 5
VERSION = "v2"


def clock() -> tuple[float, float]:
    """Return seconds on the wall, and of processors used by us and by children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used)


def timed(do: Callable[[], Any]) -> tuple[float, float]:
    """Do something; return seconds on the wall and of processors."""
    before = clock()
    do()
    return clock()[0] - before[0], clock()[1] - before[1]


def widen(path: Path, themes: list[str], model: str) -> None:
    """Ask for these themes, and for every trial."""
    content = read_yaml(path)
    content["themes"] = themes
    content["forecast"] |= {
        "model": model,
        "refits": REFITS,
        "stability": True,
        "necessity": True,
        "loop": {"replicates": REPLICATES, "find": 0.5},
    }
    write_yaml(path, content)


def page(command: str, times: dict[str, tuple[float, float]], audit: Path) -> str:
    """Return the table, and what was audited."""
    manifest = read_json(audit / "dossier/manifest.json")
    cells = len(pd.read_parquet(audit / "dossier/data/cells.parquet"))
    weeks = len(pd.read_parquet(audit / "dossier/data/weeks.parquet"))
    findings = read_json(audit / "findings.json")["findings"]
    kinds = pd.Series([one["outcome"] for one in findings]).value_counts()
    outcomes = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in kinds.items())
    lines = "\n".join(
        f"| {name} | {wall:.0f} | {used:.0f} |" for name, (wall, used) in times.items()
    )
    wall, used = (sum(one[part] for one in times.values()) for part in (0, 1))
    peak = max(resource.getrusage(who).ru_maxrss for who in (0, -1)) / 2**20
    return f"""\
# How long a whole audit takes

Made by `{command}`, on {os.cpu_count()} processors.

{cells:,} cells, {weeks} weeks, {len(manifest["themes"])} themes. For each {REFITS} histories drawn
again, fits with another seed and a week more, a fit without each family of features and each
source and on coarser cells, and {REPLICATES} simulated years of deployment with each remedy.
At most {peak:.1f} GiB in one process. The checks said: {outcomes}.

| step | seconds | seconds of processors |
|---|---|---|
{lines}
| **all** | **{wall:.0f}** | {used:.0f} |
"""


def main() -> None:
    """Read the arguments, run every step, write the page."""
    allow()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--themes", type=int, default=len(THEMES))
    parser.add_argument("--model", default="cas_ensemble")
    parser.add_argument("--side", type=int)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    prepare(chosen.work, seed=1, side=chosen.side)
    config, audit = chosen.work / f"configs/{VERSION}.yaml", chosen.work / VERSION
    widen(config, list(THEMES)[: chosen.themes], chosen.model)
    times = {
        "ingest": timed(lambda: steps.ingest(config, audit)),
        "forecast, with its trials": timed(lambda: steps.forecast(config, audit)),
        "checks": timed(lambda: steps.check(audit)),
        "answers": timed(lambda: steps.answer(audit, chosen.work / "statements")),
        "report": timed(lambda: steps.report(audit)),
    }
    model = "" if chosen.model == "cas_ensemble" else f" --model {chosen.model}"
    text = page(f"python benchmarks/whole_audit.py --work whole{model}", times, audit)
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
