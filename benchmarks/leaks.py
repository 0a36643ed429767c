"""Marked values in every refused column, of every format, on every way a reading can end.

    python benchmarks/leaks.py --canaries 14000 --out docs/measured/leaks.md

Each run is a process of its own, with its own folder for temporary files. Afterwards it looks for
marked values in all of its own memory; then its output, its messages and its temporary files are
searched, Parquet decompressed. A mark is a prefix and ten random hexadecimal digits; the searching
process knows the prefix only, in two halves.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import geopandas  # noqa: TID251 - writes what is read
import numpy as np
import pandas as pd
import sqlalchemy

from cas_audit.demo import prepare

HALVES = ("KAN", "9R")
MARK = re.compile("".join(HALVES).encode() + rb"[0-9a-f]{10}")
WIDE = "".join(HALVES).encode("utf-16-le")
REFUSED = ("naam", "toelichting", "straat", "telefoon")
URL = "LEAKS_DATABASE"
INSIDE = """
import json, re, sys
from pathlib import Path
if sys.argv[2] == "gx":
    import great_expectations
    def fail(**_):
        raise RuntimeError("made to fail")
    great_expectations.get_context = fail
code = 0
if sys.argv[2] == "control":
    import pandas
    kept = pandas.read_csv(Path(sys.argv[1]).parent.parent / "feed/incidents.csv")
else:
    from cas_audit.cli import main
    try:
        main(["ingest", sys.argv[1], "--out", "out"])
    except SystemExit as error:
        code = error.code
pattern = re.compile(b"KAN" + b"9R" + rb"[0-9a-f]{10}")
found = 0
with open("/proc/self/mem", "rb", 0) as memory:
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if " rw" in line and "[v" not in line:
            memory.seek(start)
            try:
                found += len(pattern.findall(memory.read(end - start)))
            except OSError:
                pass
print(json.dumps({"code": code or 0, "memory": found}))
"""


class City:
    """A small trial city of which one source is spoiled."""

    def __init__(self, folder: Path, seed: int, canaries: int) -> None:
        """Write the city, with marks in the refused columns of incidents and areas."""
        self.folder, self.feed = folder, folder / "feed"
        self.config = folder / "configs/v2.yaml"
        self.rng = np.random.default_rng(seed)
        rows = -(-canaries // len(REFUSED))
        table = pd.read_csv(self.feed / "incidents.csv", dtype=str)
        known = (table["x_rd"] != "0.0") & (table["pleegmoment"] != "onbekend")
        asked = (table["feitcode"] == "woninginbraak") & (table["melding"] == "aangifte")
        table = table[known & asked]  # so that only what a scenario spoils is wrong
        self.table = table.sample(rows, random_state=seed, replace=len(table) < rows)
        self.table = self.table.assign(**{name: self.marks(rows) for name in REFUSED})
        self.planted = rows * len(REFUSED)
        (self.feed / "feed.json").unlink()

    def marks(self, number: int) -> list[str]:
        """Return fresh marks."""
        drawn = self.rng.integers(0, 16**10, number)
        return ["".join(HALVES) + f"{one:010x}" for one in drawn]

    def incidents(self, name: str) -> Path:
        """Name another file of incidents in the configuration."""
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(text.replace("incidents.csv", name), encoding="utf-8")
        return self.feed / name

    def csv(self, change: Callable[[bytes], bytes] = bytes) -> None:
        """Write the incidents as CSV, spoiled."""
        content = self.table.to_csv(index=False).encode()
        (self.feed / "incidents.csv").write_bytes(change(content))

    def parquet(self, change: Callable[[bytes], bytes] = bytes) -> None:
        """Write the incidents as Parquet, spoiled."""
        path = self.incidents("incidents.parquet")
        self.table.to_parquet(path, index=False)
        path.write_bytes(change(path.read_bytes()))

    def database(self, *, drop: tuple[str, ...] = ()) -> None:
        """Write the incidents as a table of a database."""
        path = self.feed / "police.db"
        engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        self.table.drop(columns=list(drop)).to_sql("incidents", engine, index=False)
        engine.dispose()
        text = self.config.read_text(encoding="utf-8")
        known = f'database: "${{{URL}}}", table: incidents'
        text = text.replace("path: ../feed/incidents.csv", known)
        self.config.write_text(text, encoding="utf-8")

    def areas(self, suffix: str, change: Callable[[bytes], bytes] = bytes) -> None:
        """Write the areas with marks, spoiled."""
        self.csv()
        source = self.feed / "areas.geojson"
        areas = geopandas.read_file(source)
        areas["buurtnaam"] = self.marks(len(areas))
        source.unlink()
        path = self.feed / f"areas.{suffix}"
        areas.to_file(path)
        path.write_bytes(change(path.read_bytes()))
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(text.replace("areas.geojson", path.name), encoding="utf-8")


def _late_row(content: bytes) -> bytes:
    """Break the last row in the middle: one field too many."""
    return content.rstrip(b"\n") + b"," + "".join(HALVES).encode() + b"0123456789\n"


def _corrupt(content: bytes) -> bytes:
    """Spoil the pages of every column of a Parquet file; its footer stays whole."""
    spoiled = bytearray(content)
    footer = int.from_bytes(content[-8:-4], "little") + 8
    for at in range(4, len(content) - footer, 97):
        spoiled[at] ^= 0xFF
    return bytes(spoiled)


CONTROL = "control: pandas reads all"
SCENARIOS: dict[str, tuple[int, Callable[[City], object]]] = {
    CONTROL: (0, lambda city: city.csv()),
    "CSV, read whole": (0, lambda city: city.csv()),
    "CSV, a row too long at the end": (3, lambda city: city.csv(_late_row)),
    "CSV, an open quote": (3, lambda city: city.csv(lambda one: one + b'"')),
    "CSV, another encoding": (3, lambda city: city.csv(lambda one: b"\xff\xfe" + one)),
    "CSV, every row refused": (
        3,
        lambda city: city.csv(lambda one: one.replace(b"woninginbraak", b"onbekend")),
    ),
    "CSV, Great Expectations fails": (3, lambda city: city.csv()),
    "Parquet, read whole": (0, lambda city: city.parquet()),
    "Parquet, truncated": (3, lambda city: city.parquet(lambda one: one[:-50])),
    "Parquet, spoiled pages": (3, lambda city: city.parquet(_corrupt)),
    "database, read whole": (0, lambda city: city.database()),
    "database, a column absent": (3, lambda city: city.database(drop=("melding",))),
    "GeoJSON, read whole": (0, lambda city: city.areas("geojson")),
    "GeoJSON, truncated": (3, lambda city: city.areas("geojson", lambda one: one[:-900])),
    "GeoPackage, read whole": (0, lambda city: city.areas("gpkg")),
}


def run(name: str, city: City) -> dict[str, int]:
    """Ingest in a process of its own, and search all that it leaves."""
    work = city.folder / "work"
    temporary = city.folder / "temporary"
    work.mkdir()
    temporary.mkdir()
    SCENARIOS[name][1](city)
    done = subprocess.run(  # noqa: S603 - this file
        [sys.executable, "-c", INSIDE, str(city.config), _way(name)],
        cwd=work,
        capture_output=True,
        check=False,
        env={
            **os.environ,
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            URL: f"sqlite:///{city.feed / 'police.db'}",
        },
    )
    said = json.loads(done.stdout.splitlines()[-1])
    files = [path for folder in (work, temporary) for path in folder.rglob("*") if path.is_file()]
    return {
        "code": said["code"],
        "memory": said["memory"],
        "said": _count(done.stdout + done.stderr),
        "files": sum(_count(_content(path)) for path in files),
        "left": len(list(work.iterdir())) if said["code"] else 0,
    }


def _way(name: str) -> str:
    return "control" if name == CONTROL else "gx" if "Great" in name else ""


def _content(path: Path) -> bytes:
    plain = path.read_bytes()
    if path.suffix != ".parquet":
        return plain
    return plain + pd.read_parquet(path).to_csv().encode()


def _count(content: bytes) -> int:
    return len(MARK.findall(content)) + content.count(WIDE)


def report(canaries: int, seed: int, only: str = "") -> str:
    """Return the table; stop when a run ends in another way than it should."""
    tried = {name: one for name, one in SCENARIOS.items() if only in name or name == CONTROL}
    each = -(-canaries // len(tried))
    lines = [
        "| source and ending | marked values | exit | in files | in messages | in memory | left |",
        "|---|---|---|---|---|---|---|",
    ]
    planted = 0
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain"
        prepare(plain, seed=seed, side=32)
        for number, (name, (code, _)) in enumerate(tried.items()):
            place = Path(shutil.copytree(plain, Path(folder) / str(number)))
            city = City(place, seed + number, each)
            found = run(name, city)
            if found["code"] != code:
                message = f"{name}: ended with {found['code']}, expected {code}"
                raise SystemExit(message)
            if (name == CONTROL) != bool(found["memory"]):
                message = f"{name}: {found['memory']} marked values in memory"
                raise SystemExit(message)
            planted += city.planted
            counts = [found[key] for key in ("code", "files", "said", "memory", "left")]
            lines.append(f"| {name} | {city.planted:,} | {' | '.join(map(str, counts))} |")
            shutil.rmtree(place)
    note = (
        f"{planted:,} marked values. `left` counts what a failed run leaves in its folder. "
        "The control shows that the search of memory finds what is there."
    )
    return "\n".join([*lines, "", note])


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--canaries", type=int, default=14_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="endings whose name holds this")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    command = f"python benchmarks/leaks.py --canaries {chosen.canaries} --seed {chosen.seed}"
    page = (
        f"# Leaks\n\nMade by `{command}`.\n\n{report(chosen.canaries, chosen.seed, chosen.only)}\n"
    )
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
