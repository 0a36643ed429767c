"""A configuration of one theme, for tests of a step alone: its sources are not read."""

from typing import Any

from cas_audit.config import Config

__all__ = ["small_config"]


def small_config(forecast: dict[str, Any], **more: Any) -> Config:
    """Return a configuration in which only the forecast, and what is named, matters.

    Args:
        forecast: its section `forecast`.
        more: other sections; by default one theme, of which the public brought the records.
    """
    text = {"nl": "x", "en": "x"}
    source = {"path": "x.csv", "contract": "x"}
    plain = {
        "name": "x",
        "version": "1",
        "title": text,
        "reference_date": "2026-01-05",
        "regime": "open_data",
        "purpose": {"goal": text, "action": text},
        "sources": {"incidents": source, "areas": source},
        "themes": ["one"],
        "channels": ["brought"],
    }
    return Config.model_validate({**plain, "forecast": forecast, **more})
