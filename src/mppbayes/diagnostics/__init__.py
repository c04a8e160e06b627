"""Diagnostics: checks with verdicts, and the gate."""

from mppbayes.diagnostics.adequate import check_adequacy
from mppbayes.diagnostics.gate import diagnose
from mppbayes.diagnostics.verdicts import Verdict, Verdicts

__all__ = ["Verdict", "Verdicts", "check_adequacy", "diagnose"]
