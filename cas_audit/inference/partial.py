"""Do several fields go together with one more than by chance, given what is known of the cells?

As `permutation.association`, for many fields at once, after what is known has been taken out of
all. The one field is drawn anew, as clustered as it is; the draws serve every question about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.draws import DrawnP, batches, p_from_draws
from cas_audit.inference.surrogates import surrogates

__all__ = ["Held", "Partial", "partial_associations"]

Values = NDArray[np.float64]
SMALL = 1e-9  # of the largest: what rounding leaves of a column that says nothing new


@dataclass(frozen=True)
class Held:
    """What stays in place: fields to be asked, and what is known in any case.

    `fields` has shape (cells, k), `known` shape (cells, m) without a constant; m may be 0.
    """

    fields: Values
    known: Values


@dataclass(frozen=True)
class Partial:
    """Correlations given what is known: of each field alone, squared of all together."""

    alone: Values
    alone_p: Values
    together: float
    together_p: DrawnP


def partial_associations(
    moved: Values,
    questions: Sequence[Held],
    weight: Values,
    kept: NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    draws: int = 199,
) -> list[Partial]:
    """Test whether fields go together with one field more than clustered fields do by chance.

    Formula: with what is known taken out of all by weighted least squares, r is the weighted
    correlation of the one field with each other, R² its squared correlation with all of them;
    p = (1 + k) / (1 + B) for k of B surrogates of the one field whose r lies at least as far from
    the mean of all, or whose R² is at least as large.
    Null: given what is known, the one field is independent of the others, and stationary. What is
    known is taken out of each surrogate anew (Manly 1986; partial correlation hardly depends on
    how the one field follows what is known).
    Estimand ("beyond this city"): association in the process of which this map is one draw.

    Limits: those of `permutation.association`.

    Args:
        moved: the field to draw surrogates of, shape (cells,), kept cells read row by row.
        questions: what stays in place; each gets an answer of its own, from the same draws.
        weight: of each cell, at least nought, shape (cells,).
        kept: which cells of the grid are kept, shape (rows, columns).
        rng: source of the draws.
        draws: how many surrogates.
    """
    root = np.sqrt(weight)
    asked = [_Asked.of(one, root) for one in questions]
    found = [[one.correlations(moved[None, :] * root)] for one in asked]
    for batch in batches(draws, moved.size):
        drawn = surrogates(moved, kept, "spectral", batch, rng) * root
        for one, parts in zip(asked, found, strict=True):
            parts.append(one.correlations(drawn))
    return [_judge(np.concatenate(parts)) for parts in found]


@dataclass(frozen=True)
class _Asked:
    """Directions among the weighted cells: of what is known, of each field, and of all fields."""

    known: Values
    fields: Values
    span: Values

    @classmethod
    def of(cls, held: Held, root: Values) -> "_Asked":
        known = _basis(np.column_stack([np.ones(len(root)), held.known]) * root[:, None])
        weighted = held.fields * root[:, None]
        left = weighted - known @ (known.T @ weighted)
        before = np.sqrt((weighted**2).sum(axis=0))
        size = np.sqrt((left**2).sum(axis=0))
        new = size > SMALL * np.where(before > 0, before, 1.0)
        fields = np.where(new, left, np.nan) / np.where(new, size, 1.0)
        span = _basis(fields[:, new]) if new.any() else np.empty((len(root), 0))
        return cls(known, fields, span)

    def correlations(self, drawn: Values) -> Values:
        """Return the correlation with each field, and at the end the squared one with all."""
        left = (drawn**2).sum(axis=1) - ((drawn @ self.known) ** 2).sum(axis=1)
        left = np.where(left > SMALL * (drawn**2).sum(axis=1), left, np.nan)
        alone = drawn @ self.fields / np.sqrt(left)[:, None]
        together = ((drawn @ self.span) ** 2).sum(axis=1) / left
        return np.column_stack([alone, together])


def _basis(columns: Values) -> Values:
    """Return an orthonormal basis of the columns, without what rounding leaves."""
    size = np.sqrt((columns**2).sum(axis=0))
    vectors, values, _ = np.linalg.svd(columns / np.where(size > 0, size, 1), full_matrices=False)
    found: Values = vectors[:, values > SMALL * values.max(initial=0.0)]
    return found


def _judge(found: Values) -> Partial:
    """Return what was found in the first row among the rest."""
    alone, together = found[:, :-1], found[:, -1]
    away = np.abs(alone - alone.mean(axis=0))
    p = [p_from_draws(float(one[0]), one[1:], "greater").p for one in away.T]
    whole = p_from_draws(float(together[0]), together[1:], "greater")
    return Partial(alone[0], np.array(p), float(together[0]), whole)
