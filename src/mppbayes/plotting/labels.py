"""Direct labels that do not overlap."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression


def spread(wanted: ArrayLike, gap: float) -> NDArray[np.float64]:
    """Move positions apart as little as possible, in their order.

    Parameters
    ----------
    wanted : array-like of float
        Where labels would stand, lowest first.
    gap : float
        The least distance between neighbours.

    Returns
    -------
    array of float
        Positions at least ``gap`` apart, nearest to those wanted by least squares: what an
        isotonic regression gives once the gaps are taken out.
    """
    steps = gap * np.arange(np.size(wanted))
    apart: NDArray[np.float64] = isotonic_regression(np.asarray(wanted, float) - steps).x + steps
    return apart


def height(axes: Axes, inches: float) -> float:
    """Give what a height in inches is on the vertical axis."""
    low, high = axes.get_ylim()
    return (high - low) * inches * axes.figure.dpi / axes.bbox.height


def width(axes: Axes, inches: float) -> float:
    """Give what a width in inches is on the horizontal axis."""
    low, high = axes.get_xlim()
    return (high - low) * inches * axes.figure.dpi / axes.bbox.width
