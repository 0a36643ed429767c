"""The new process of a rerun: makes the forecast from the job on stdin, and ends."""

import json
import sys
from pathlib import Path

from cas_audit.config import Config
from cas_audit.forecast.by_theme import open_themes
from cas_audit.forecast.step import fit_themes, write_forecasts
from cas_audit.forecast.work import open_work
from cas_audit.processes import allow

__all__: list[str] = []


def main() -> None:
    """Do the job on stdin."""
    allow()
    job = json.loads(sys.stdin.buffer.read())
    config, out = Config.model_validate(job["config"]), Path(job["out"])
    tiles = Path(job["tiles"]) if job["tiles"] else None
    (out / "model").mkdir()
    with open_work(config.forecast.scheduler, tiles) as work:
        with open_themes(config, Path(job["data"]), work) as themes:
            made = fit_themes(themes)
        write_forecasts(config, themes.city, made, out)


if __name__ == "__main__":
    main()
