"""The texts of the report, once per language."""

from collections.abc import Mapping
from typing import Final

from mppbayes.network.rows import Language

TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "nl": {
        "title": "Meerjarenprognose",
        "draft": "CONCEPT: een of meer controles zijn niet gehaald; niet voor publicatie.",
        "subtitle": "Waarnemingen t/m {origin}; prognose t/m {end}.",
        "how to read": "Hoe leest u de banden",
        "reading": "Een band is een getal met een overschrijdingskans: de kans dat de uitkomst "
        "hoger is. {chances}. Minimum en maximum zijn geen grenzen: hun kans is onze aanname, "
        "niet die van de MPP. Totalen zijn per trekking opgeteld; banden zelf mogen niet worden "
        "opgeteld. Een jaar met waargenomen maanden is waargenomen plus getrokken.",
        "chance": "{band}: {chance} kans op meer",
        "table": "De cijfers per jaar",
        "quantity": "grootheid",
        "year": "jaar",
        "observed": "waargenomen maanden",
        "figures": "Figuren",
        "checks": "Controles",
        "check": "controle",
        "outcome": "uitkomst",
        "statement": "bevinding",
        "passed": "gehaald",
        "failed": "niet gehaald",
        "diagnostics": "Diagnostiek van de posterior",
        "convergence": "Per variabele de slechtste waarde over haar elementen.",
        "variable": "variabele",
        "worst": "element met de kleinste ESS",
        "rank": "Rangplots van de gemiddelden: per keten horen de rangen gelijkmatig te zijn.",
        "energy": "Energie: de twee verdelingen horen op elkaar te lijken (BFMI {bfmi}).",
        "predictive": "Voorspellende controle: van de tellingen in de eerstvolgende maand valt "
        "{inside} binnen het 80%-interval en {wide} binnen het 95%-interval.",
        "model": "Wat met wat is gepoold",
        "made": "Hoe dit is gemaakt",
        "sources": "Bron van de cijfers: zie sources.csv in de map inputs.",
    },
    "en": {
        "title": "Multi-year forecast",
        "draft": "DRAFT (CONCEPT): one or more checks failed; not for publication.",
        "subtitle": "Observations to {origin}; forecast to {end}.",
        "how to read": "How to read the bands",
        "reading": "A band is a number with an exceedance probability: the chance that the "
        "outcome is higher. {chances}. Minimum and maximum are no limits: their probability is "
        "our assumption, not the MPP's. Totals are added up in every draw; bands themselves must "
        "not be added. A year with observed months is observed plus drawn.",
        "chance": "{band}: {chance} chance of more",
        "table": "The figures by year",
        "quantity": "quantity",
        "year": "year",
        "observed": "months observed",
        "figures": "Figures",
        "checks": "Checks",
        "check": "check",
        "outcome": "outcome",
        "statement": "finding",
        "passed": "passed",
        "failed": "failed",
        "diagnostics": "Diagnostics of the posterior",
        "convergence": "For each variable the worst value over its elements.",
        "variable": "variable",
        "worst": "element with the smallest ESS",
        "rank": "Rank plots of the means: the ranks of each chain should be uniform.",
        "energy": "Energy: the two distributions should look alike (BFMI {bfmi}).",
        "predictive": "Predictive check: of the counts one month ahead, {inside} lie in the 80% "
        "interval and {wide} in the 95% interval.",
        "model": "What is pooled with what",
        "made": "How this was made",
        "sources": "Sources of the figures: see sources.csv in the folder inputs.",
    },
}
