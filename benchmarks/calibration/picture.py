"""What each check says of cities by their true value, as an SVG with the same bytes every time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

__all__ = ["Curve", "Panel", "draw"]

# Told apart without colour too: each city has a marker of its own, and met is dashed.
STYLES = (("#1b6ca8", "o"), ("#b3541e", "s"), ("#3d7a3a", "^"), ("#7a3d78", "D"))
LINES = {"not_met": "-", "met": "--"}
SAID = {"not_met": "not met", "met": "met; the rest is insufficient evidence"}
COLUMNS, WIDE, TALL = 3, 3.6, 3.6
FIXED: dict[str, Any] = {
    "svg.hashsalt": "checks",  # else names of parts of the picture are drawn by lot
    "svg.fonttype": "none",  # text stays text, in a font the reader has
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
}


@dataclass(frozen=True)
class Curve:
    """One kind of city: at each true value how many cities, and the share of each verdict."""

    label: str
    true: list[float]
    cities: list[int]
    shares: dict[str, list[float]]


@dataclass(frozen=True)
class Panel:
    """One check and its kinds of city."""

    title: str
    curves: list[Curve]


def draw(panels: list[Panel], path: Path) -> None:
    """Draw one panel a check, with two standard errors around each share."""
    with mpl.rc_context(FIXED):
        rows = -(-len(panels) // COLUMNS)
        figure = Figure(figsize=(COLUMNS * WIDE, rows * TALL), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for one, panel in zip(axes, panels, strict=False):
            _panel(one, panel)
        for one in axes[len(panels) :]:
            one.set_axis_off()
        lines = [
            Line2D([], [], color="#444444", linestyle=line, label=SAID[name])
            for name, line in LINES.items()
        ]
        figure.legend(handles=lines, loc="outside lower center", ncols=len(lines), frameon=False)
        figure.savefig(path, metadata={"Date": None, "Creator": None}, facecolor="white")


def _panel(axes: Any, panel: Panel) -> None:  # noqa: ANN401 - matplotlib is untyped
    for curve, (colour, marker) in zip(panel.curves, STYLES, strict=False):
        for name, line in LINES.items():
            share, cities = np.array(curve.shares[name]), np.array(curve.cities)
            wary = (share * cities + 2) / (cities + 4)
            error = 2 * np.sqrt(wary * (1 - wary) / (cities + 4))
            bounds = np.clip([share - error, share + error], 0, 1)
            named = curve.label if name == "not_met" else None
            axes.plot(curve.true, share, line, color=colour, marker=marker, ms=4, label=named)
            axes.vlines(curve.true, *bounds, color=colour, linewidth=0.8)
    edges, label = _meaning(panel.curves[0].true)
    for edge in edges:
        axes.axvline(edge, color="#888888", linewidth=0.8, linestyle=":")
    axes.axhline(0.05, color="#888888", linewidth=0.8, linestyle=":")
    axes.set(title=panel.title, ylim=(-0.03, 1.03), ylabel="share of cities")
    axes.set_xlabel(label)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)


def _meaning(true: list[float]) -> tuple[tuple[float, ...], str]:
    """Return the tolerance of these values, and what they are."""
    if min(true) <= 0:
        return (-0.02,), "true gain over counting"
    return ((0.8, 1.25), "true ratio") if max(true) >= 1 else ((0.1,), "share that is told")
