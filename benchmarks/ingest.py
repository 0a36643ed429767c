"""How fast and how lean the gate reads, against pandas reading all and dropping afterwards.

    python benchmarks/ingest.py --rows 10000000 --out docs/measured/ingest.md

Both turn the same rows of 25 columns, 8 of them needed, into incidents per cell, week and shift,
each in a process of its own. Memory is the peak of the process plus that of its largest child.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from cas_audit.config import Config, Group, Purpose, Source, Sources, Text
from cas_audit.files import digest
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.incidents import admit_incidents
from cas_audit.ingest.question import Ground, ask
from cas_audit.ingest.sources import read_table

ADMITTED = [
    "x_rd", "y_rd", "pleegmoment", "feitcode", "melding", "registratiedatum", "verwijderd", "uur",
]  # fmt: skip
COLUMNS = 25
BLOCK = 500_000
GRID = Grid("EPSG:28992", 125.0, 110_000.0, 480_000.0, 120, 120)
WORDS = Text(nl="x", en="x")
NOTE = (
    "One run each; on a machine that is shared they swing by a fifth or more. `gate` reads to cell "
    "and shift in its child process, whose start is included; `full` scans contents, counts "
    "quality and takes the digest of the file besides. Aimed for were three times as fast and a "
    "third of the memory. Where CSV shows less than three, what remains is the parse, row by row: "
    "it runs while rows are counted in another thread, and on two cores each slows the other."
)


def contract() -> Contract:
    """Return the contract for incidents, with a day of removal and an hour besides."""
    plain = load_contract("incidents")
    more = [("verwijderd", "removed", "date"), ("uur", "hour", "integer")]
    columns = [
        plain.columns[-1].model_copy(update={"name": name, "role": role, "type": kind})
        for name, role, kind in more
    ]
    return plain.model_copy(update={"columns": [*plain.columns, *columns]})


def config(path: Path) -> Config:
    """Return a configuration for the generated file."""
    source = Source(path=str(path), contract="incidents")
    return Config(
        name="bench",
        version="1",
        title=WORDS,
        reference_date=date(2026, 1, 5),
        regime="wpg_8",
        comparison=WORDS,
        purpose=Purpose(goal=WORDS, action=WORDS),
        sources=Sources(incidents=source, areas=source),
        themes=["home_burglary", "bike_theft"],
        channels=["brought", "found"],
        groups=[Group(name="a")],
    )


def write(folder: Path, rows: int) -> None:
    """Write the same rows as CSV and as Parquet."""
    rng = np.random.default_rng(1)
    writers: list[arrow_csv.CSVWriter | pq.ParquetWriter] = []
    for start in range(0, rows, BLOCK):
        table = pa.Table.from_pandas(_block(rng, min(BLOCK, rows - start)), preserve_index=False)
        if not writers:
            writers = [
                arrow_csv.CSVWriter(folder / "t.csv", table.schema),
                pq.ParquetWriter(folder / "t.parquet", table.schema),
            ]
        for writer in writers:
            writer.write_table(table)
    for writer in writers:
        writer.close()


def _block(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    minute = pd.Timestamp("2023-01-09") + pd.to_timedelta(rng.integers(0, 1_500_000, rows), "min")
    table = pd.DataFrame(
        {
            "x_rd": rng.uniform(110_000, 125_000, rows).round(1),
            "y_rd": rng.uniform(480_000, 495_000, rows).round(1),
            "pleegmoment": minute.strftime("%Y-%m-%dT%H:%M"),
            "feitcode": rng.choice(["woninginbraak", "diefstal_fiets"], rows),
            "melding": rng.choice(["aangifte", "ambtshalve"], rows),
            "registratiedatum": minute.strftime("%Y-%m-%d"),
            "verwijderd": "2031-01-01",
            "uur": minute.hour,
        }
    )
    one = pa.array(rng.integers(10**8, 10**9, rows)).cast(pa.string())
    for number in range(COLUMNS - len(ADMITTED)):
        refused = one
        if number % 2:  # half of what is refused is text: names, addresses, what was told
            words = pa.scalar(f"verzonnen tekst {number}, van enige lengte ")
            refused = pc.binary_join_element_wise(words, one, pa.scalar(" "))
        table[f"weg_{number}"] = refused.to_pandas()
    return table


def ground() -> Ground:
    """Return one area that covers the whole grid."""
    return Ground(GRID, np.zeros(GRID.rows * GRID.columns, dtype=np.int32), ["all"])


def gate(path: Path, *, full: bool = False) -> int:
    """Read as the gate does, in a child process that lets only counts through."""
    source = Source(path=str(path), contract="incidents")
    question = ask(config(path), contract())
    read = read_table(source, contract(), question, ground(), full=full)
    if full:
        digest(path)
    return int(read.table["count"].sum())


def full_gate(path: Path) -> int:
    """Read as the gate does, with scan, counts of quality and the digest of the file."""
    return gate(path, full=True)


def pandas(path: Path) -> int:
    """Read all with pandas, drop, and go on as the gate does."""
    whole = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    table = whole.drop(columns=[name for name in whole if name not in ADMITTED])
    del whole
    question = ask(config(path), contract())
    pieces = [pa.Table.from_pandas(table, preserve_index=False)]
    counted, *_ = admit_incidents(pieces, contract(), question, ground(), full=False)
    return int(pc.sum(counted["count"]).as_py())


READERS = {"gate": gate, "full_gate": full_gate, "pandas": pandas}


def measure(reader: str, path: Path) -> dict[str, float]:
    """Run one reader in a process of its own."""
    command = [sys.executable, __file__, "--reader", reader, "--file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found


def one(reader: str, path: Path) -> None:
    """Print rows, seconds and peak memory of one reader."""
    start = time.perf_counter()
    rows = READERS[reader](path)
    seconds = time.perf_counter() - start
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = sum(resource.getrusage(one).ru_maxrss for one in who) / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mib": peak}))


def report(rows: int) -> str:
    """Measure both formats and return the table."""
    lines = [
        f"{rows:,} rows of {COLUMNS} columns, {len(ADMITTED)} admitted, to cell, week and shift.",
        "",
        "| format | pandas, s | gate, s | faster | pandas, MiB | gate, MiB | share | full, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        for name in ("t.csv", "t.parquet"):
            path = Path(folder) / name
            other, ours, full = (measure(one, path) for one in ("pandas", "gate", "full_gate"))
            if not other["rows"] == ours["rows"] == full["rows"]:
                message = f"the readers disagree: {other['rows']} and {ours['rows']} rows"
                raise SystemExit(message)
            lines.append(
                f"| {path.suffix[1:]} | {other['seconds']:.1f} | {ours['seconds']:.1f} "
                f"| {other['seconds'] / ours['seconds']:.1f} | {other['peak_mib']:.0f} "
                f"| {ours['peak_mib']:.0f} | {ours['peak_mib'] / other['peak_mib']:.2f} "
                f"| {full['seconds']:.1f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--reader", choices=sorted(READERS))
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args()
    if chosen.reader:
        one(chosen.reader, chosen.file)
        return
    command = f"python benchmarks/ingest.py --rows {chosen.rows}"
    page = f"# Reading at the gate\n\nMade by `{command}`.\n\n{report(chosen.rows)}\n\n{NOTE}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
