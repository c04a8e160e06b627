"""Figures as text for a page, and the posterior's diagnostic figures through ArviZ."""

from base64 import b64encode
from io import BytesIO

import arviz as az
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from mppbayes.inference import Fit
from mppbayes.names import MEAN, SAMPLE_STATS


def embedded(figure: Figure) -> str:
    """Give a figure as a data URI, PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return f"data:image/png;base64,{b64encode(buffer.getvalue()).decode('ascii')}"


def rank_plot(fit: Fit) -> str:
    """Plot the ranks of the parameters' means by chain."""
    return _embedded_collection(az.plot_rank(fit.tree, var_names=[MEAN], backend="matplotlib"))


def energy_plot(fit: Fit) -> str:
    """Plot the marginal and the transition energy."""
    return _embedded_collection(az.plot_energy(fit.tree, backend="matplotlib"))


def bfmi(fit: Fit) -> float:
    """Give the smallest Bayesian fraction of missing information over the chains."""
    energy = fit.tree[SAMPLE_STATS].to_dataset()["energy"].values
    return float((np.diff(energy, axis=1) ** 2).mean(axis=1).min() / energy.var(axis=1).max())


def _embedded_collection(collection: object) -> str:
    """Embed ArviZ's figure, and take it out of pyplot's hands."""
    with mpl.rc_context({"figure.dpi": 100}):
        figure: Figure = collection.viz["figure"].item()  # type: ignore[attr-defined]
        uri = embedded(figure)
        figure.clear()
    return uri
