"""Prediction: posterior predictive draws, and the bands that summarise them."""

from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.given import GivenFuture
from mppbayes.prediction.quantities import aggregates
from mppbayes.prediction.scheme import MPP, Band, BandScheme
from mppbayes.prediction.simulation import forecast
from mppbayes.prediction.summary import Bands, bands

__all__ = [
    "MPP",
    "Band",
    "BandScheme",
    "Bands",
    "Forecast",
    "GivenFuture",
    "aggregates",
    "bands",
    "forecast",
]
