"""Maps as PNG, drawn by us so that a page needs no other host."""

import io
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

__all__ = ["draw_flags"]

NEVER = "#eeeae2"
LINES = "#8d8777"
WITHHELD = "#ffffff"
INCHES_WIDE = 7.2


def draw_flags(
    share: pd.Series, cells: pd.DataFrame, grid: dict[str, Any], *, labels: dict[str, str]
) -> bytes:
    """Draw how often each cell was flagged.

    Args:
        share: share of the weeks in which a cell was flagged, indexed by cell; missing where it
            is withheld, and then the cell is hatched.
        cells: columns cell and area, one row per kept cell.
        grid: rows, columns and cell_size_m (metres); row 0 is in the south.
        labels: what the colours (`scale`) and the hatching (`withheld`) stand for.

    Returns:
        A PNG; the same input gives the same bytes on the same version of matplotlib.
    """
    shape = (int(grid["rows"]), int(grid["columns"]))
    field = np.full(shape, np.nan)
    field.ravel()[cells["cell"]] = share.reindex(cells["cell"]).fillna(-1).to_numpy()
    kilometres = float(grid["cell_size_m"]) / 1000
    tall = INCHES_WIDE * shape[0] / shape[1]
    figure = Figure(figsize=(INCHES_WIDE, min(max(tall, 3.0), 9.0)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    extent = (0.0, shape[1] * kilometres, 0.0, shape[0] * kilometres)
    base = np.where(np.isnan(field), np.nan, 0.0)
    shown: Any = {"origin": "lower", "extent": extent, "interpolation": "nearest"}
    axes.imshow(base, cmap=_one_colour(), **shown)
    flagged = np.where(field > 0, field, np.nan)
    image = axes.imshow(flagged, cmap="YlOrRd", vmin=0, vmax=1, **shown)
    if (field < 0).any():
        _hatch(axes, field < 0, kilometres, labels["withheld"])
    lines = _borders(cells, shape) * kilometres
    axes.add_collection(LineCollection(list(lines), colors=LINES, linewidths=0.4))
    _scale_bar(axes, extent)
    axes.set_axis_off()
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.01, label=labels["scale"])
    bar.outline.set_visible(False)
    bar.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight", metadata={"Software": None})
    return out.getvalue()


def _hatch(
    axes: Any,  # noqa: ANN401 - matplotlib is untyped here
    withheld: NDArray[np.bool_],
    kilometres: float,
    label: str,
) -> None:
    """Hatch what is withheld, and say in words that it is: it looks like no number of flags.

    All cells are one outline: hatching 24,000 of them one by one takes 20 seconds.
    """
    from matplotlib.patches import Patch, PathPatch  # noqa: PLC0415
    from matplotlib.path import Path  # noqa: PLC0415

    style: Any = {"facecolor": WITHHELD, "edgecolor": LINES, "linewidth": 0.0, "hatch": "/////"}
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    place = np.argwhere(withheld)[:, None, ::-1]
    pen = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    outline = Path(((place + corners) * kilometres).reshape(-1, 2), np.tile(pen, len(place)))
    axes.add_patch(PathPatch(outline, **style))
    below = {"loc": "upper right", "bbox_to_anchor": (1.0, 0.0), "frameon": False, "fontsize": 8}
    axes.legend(handles=[Patch(label=label, **style)], **below)


def _one_colour() -> Any:  # noqa: ANN401 - matplotlib is untyped here
    from matplotlib.colors import ListedColormap  # noqa: PLC0415

    return ListedColormap([NEVER])


def _borders(cells: pd.DataFrame, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the edges between cells of different areas, in cells, shape (edges, 2, 2)."""
    area = np.full(shape, -1)
    area.ravel()[cells["cell"]] = pd.factorize(cells["area"])[0]
    padded = np.pad(area, 1, constant_values=-1)
    row, column = np.nonzero(padded[:, 1:] != padded[:, :-1])
    upright = np.stack([np.stack([column, row - 1], 1), np.stack([column, row], 1)], 1)
    row, column = np.nonzero(padded[1:, :] != padded[:-1, :])
    level = np.stack([np.stack([column - 1, row], 1), np.stack([column, row], 1)], 1)
    edges: NDArray[np.float64] = np.concatenate([upright, level]).astype(float)
    return edges


def _scale_bar(axes: Any, extent: tuple[float, float, float, float]) -> None:  # noqa: ANN401
    wide = extent[1]
    length = max(step for step in (0.1, 0.5, 1, 2, 5, 10, 20) if step <= max(wide / 4, 0.1))
    y = -0.03 * extent[3]
    axes.plot([0, length], [y, y], color="#333333", linewidth=2, clip_on=False)
    axes.text(length * 1.05, y, f"{length:g} km", va="center", fontsize=8, color="#333333")
