"""Prediction: posterior predictive draws, and what is made of them."""

from mppbayes.prediction.capacity import Capacity, shortage
from mppbayes.prediction.coherence import Coherent, coherent
from mppbayes.prediction.contrasts import Contrast, attribution, contrast
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.given import GivenFuture
from mppbayes.prediction.measures import Measure, Scenario
from mppbayes.prediction.ownfigures import banded
from mppbayes.prediction.pathwise import (
    crossing,
    exceeded_anywhere,
    paths,
    peak,
    periods_above,
    simultaneous,
)
from mppbayes.prediction.planning import Plans, compare_plans
from mppbayes.prediction.quantities import aggregates
from mppbayes.prediction.scheme import MPP, Band, BandScheme
from mppbayes.prediction.simulation import forecast
from mppbayes.prediction.summary import Bands, bands

__all__ = [
    "MPP",
    "Band",
    "BandScheme",
    "Bands",
    "Capacity",
    "Coherent",
    "Contrast",
    "Forecast",
    "GivenFuture",
    "Measure",
    "Plans",
    "Scenario",
    "aggregates",
    "attribution",
    "banded",
    "bands",
    "coherent",
    "compare_plans",
    "contrast",
    "crossing",
    "exceeded_anywhere",
    "forecast",
    "paths",
    "peak",
    "periods_above",
    "shortage",
    "simultaneous",
]
