"""The step `forecast`, whoever made the forecasts: our own model, someone else's, or a table."""

from pathlib import Path

from cas_audit.config import Config, Elsewhere

__all__ = ["forecast"]


def forecast(config: Config, dossier: Path, tiles: Path) -> None:
    """Make the forecasts of a configuration, or take those that were handed in.

    Args:
        config: what is audited.
        dossier: folder with `data/` from ingest.
        tiles: folder for tiles on their way, where workers are elsewhere; not part of the dossier.

    Raises:
        InputError: what was handed in cannot be used.
    """
    chosen = config.forecast.model
    if isinstance(chosen, Elsewhere):
        from cas_audit.forecast.estimators import audit_model  # noqa: PLC0415

        audit_model(config, chosen, dossier)
        return
    if chosen == "table":
        from cas_audit.forecast.table import audit_table  # noqa: PLC0415 - only what is asked for

        audit_table(config, dossier)
        return
    from cas_audit.forecast.step import forecast as fit  # noqa: PLC0415

    fit(config, dossier, tiles)
