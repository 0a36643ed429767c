"""The gate: what may come in, read sparingly, coarsened at once, and receipted."""
