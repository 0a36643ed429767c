"""cas-audit: the audit of place-based crime forecasting."""

__version__ = "0.1.0"
__all__ = ["__version__"]
