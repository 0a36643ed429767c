"""cas-audit: the audit of place-based crime forecasting.

`cas_audit.audit(forecasts, incidents, areas, config)` audits what is at hand in Python. Nothing
heavy is loaded until it is called.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cas_audit.in_memory import audit

__version__ = "0.1.0"
__all__ = ["__version__", "audit"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module
    """Load `audit` when it is first asked for."""
    if name == "audit":
        return importlib.import_module("cas_audit.audit")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
