"""Diagnostics: checks with verdicts, and the gate."""

from mppbayes.diagnostics.gate import diagnose
from mppbayes.diagnostics.verdicts import Verdict, Verdicts

__all__ = ["Verdict", "Verdicts", "diagnose"]
