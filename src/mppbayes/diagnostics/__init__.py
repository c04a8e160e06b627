"""Diagnostics: checks with verdicts, and the gate."""

from mppbayes.diagnostics.adequate import check_adequacy
from mppbayes.diagnostics.gate import MONTE_CARLO, diagnose
from mppbayes.diagnostics.verdicts import Verdict, Verdicts

__all__ = ["MONTE_CARLO", "Verdict", "Verdicts", "check_adequacy", "diagnose"]
