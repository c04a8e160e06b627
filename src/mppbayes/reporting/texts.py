"""The texts of the report, once per language. A section's heading stands under its anchor."""

from collections.abc import Mapping
from typing import Final

from mppbayes.network.rows import Language

TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "nl": {
        "title": "Meerjarenprognose",
        "draft": "CONCEPT: een of meer controles zijn niet gehaald; niet voor publicatie.",
        "subtitle": "Waarnemingen t/m {origin}; prognose t/m {end}.",
        "contents": "Inhoud",
        "how-to-read": "Hoe leest u de banden",
        "reading": "Een band is een getal met een overschrijdingskans. {chances} Minimum en "
        "maximum zijn dus geen grenzen. De kansen gelden voor elk jaar apart, niet voor het "
        "verloop als geheel. Totalen zijn per trekking opgeteld; banden zelf mogen niet worden "
        "opgeteld. Een jaar met waargenomen {periods} is waargenomen plus getrokken. De laatste "
        "kolom van een tabel zegt waarop een getal rust; een som rust op het zwakste van haar "
        "delen. Banden van meer dan twee jaar vooruit zijn niet aan uitkomsten getoetst.",
        "totals": "De totalen",
        "finding": "{title} in {period}: {chances}.",
        "chance": "{chance} kans op meer dan {value} ({band})",
        "comparison": "Het laatste volledig waargenomen jaar, {last}, telde {value} {unit}; de "
        "kans op meer in {period} is {chance}.",
        "prior finding": "{title}: dit totaal rust op aannames vooraf, niet op waarnemingen, en "
        "is daarom geen bevinding.",
        "year": "jaar",
        "observed": "waargenomen {periods} (van\N{NO-BREAK SPACE}{whole})",
        "rests on": "rust op",
        "data": "eigen cijfers",
        "borrowed": "cijfers van verwante stromen",
        "prior": "aannames vooraf",
        "precision": "Nauwkeurigheid: behaalde kans en Monte-Carlofout",
        "precision explained": "De behaalde kans is die van het gehele getal in de trekkingen. De "
        "Monte-Carlofout is de standaardfout van het getal doordat het aantal trekkingen eindig "
        "is; zij zegt niets over de onzekerheid van de uitkomst. Voor de overige grootheden staan "
        "beide in bands.csv.",
        "band": "band",
        "value": "waarde",
        "exceedance": "gevraagde kans op meer",
        "achieved": "behaalde kans op meer",
        "mcse": "Monte-Carlofout",
        "breakdown": "Uitgesplitst per jaar",
        "figures": "Figuren per stroom",
        "checks": "Controles",
        "check": "controle",
        "outcome": "uitkomst",
        "statement": "bevinding",
        "passed": "gehaald",
        "failed": "niet gehaald",
        "in english": "Wat de controles melden, is in het Engels.",
        "bulk effective sample size": "effectieve steekproef, midden (bulk-ESS)",
        "tail effective sample size": "effectieve steekproef, staarten (tail-ESS)",
        "divergences": "divergente overgangen",
        "Monte Carlo error": "Monte-Carlofout",
        "diagnostics": "Diagnostiek van de posterior",
        "convergence": "Per variabele de slechtste waarde over haar elementen",
        "variable": "variabele",
        "bulk": "bulk-ESS",
        "tail": "tail-ESS",
        "worst": "element met de kleinste ESS",
        "rank": "Rangplots van de gemiddelden: per keten horen de rangen gelijkmatig te zijn; "
        "zwart is waar zij afwijken.",
        "energy": "Energie: de twee verdelingen horen op elkaar te lijken (BFMI {bfmi}).",
        "predictive": "Voorspellende controle, steeds één periode vooruit: {inside} van de "
        "tellingen valt binnen het interval van 80 % en {wide} binnen dat van 95 %. Het model "
        "heeft deze tellingen gezien; dit toetst of het bij de cijfers past, niet of de prognose "
        "uitkomt.",
        "model": "Wat met wat is gepoold",
        "model in english": "De beschrijving van het model is in het Engels.",
        "made": "Hoe dit is gemaakt",
        "draws": "De banden komen uit {draws} trekkingen van de posterior predictive: {chains} "
        "ketens van {each}.",
        "sources": "De bronnen van de cijfers staan, voor zover bekend, in sources.csv in de map "
        "inputs van de prognose.",
        "manifest": "manifest: zaadwaarden, versies en digests",
    },
    "en": {
        "title": "Multi-year forecast",
        "draft": "DRAFT (CONCEPT): one or more checks failed; not for publication.",
        "subtitle": "Observations to {origin}; forecast to {end}.",
        "contents": "Contents",
        "how-to-read": "How to read the bands",
        "reading": "A band is a number with an exceedance probability. {chances} Minimum and "
        "maximum are therefore no limits. The chances hold for each year apart, not for the "
        "course as a whole. Totals are added up in every draw; bands themselves must not be "
        "added. A year with observed {periods} is observed plus drawn. The last column of a "
        "table says what a figure rests on; a sum rests on the weakest of its parts. Bands "
        "more than two years ahead have not been validated against outcomes.",
        "totals": "The totals",
        "finding": "{title} in {period}: {chances}.",
        "chance": "a {chance} chance of more than {value} ({band})",
        "comparison": "The last year observed in full, {last}, counted {value} {unit}; the "
        "chance of more in {period} is {chance}.",
        "prior finding": "{title}: this total rests on prior assumptions, not on observations, "
        "and is therefore no finding.",
        "year": "year",
        "observed": "observed {periods} (of\N{NO-BREAK SPACE}{whole})",
        "rests on": "rests on",
        "data": "its own figures",
        "borrowed": "figures of related flows",
        "prior": "prior assumptions",
        "precision": "Precision: achieved probability and Monte Carlo error",
        "precision explained": "The achieved probability is that of the whole number in the "
        "draws. The Monte Carlo error is the figure's standard error because the number of draws "
        "is finite; it says nothing about the uncertainty of the outcome. For the other "
        "quantities both are in bands.csv.",
        "band": "band",
        "value": "value",
        "exceedance": "chance of more, requested",
        "achieved": "chance of more, achieved",
        "mcse": "Monte Carlo error",
        "breakdown": "Broken down, by year",
        "figures": "Figures by flow",
        "checks": "Checks",
        "check": "check",
        "outcome": "outcome",
        "statement": "finding",
        "passed": "passed",
        "failed": "failed",
        "in english": "",
        "bulk effective sample size": "bulk effective sample size",
        "tail effective sample size": "tail effective sample size",
        "divergences": "divergences",
        "Monte Carlo error": "Monte Carlo error",
        "diagnostics": "Diagnostics of the posterior",
        "convergence": "For each variable the worst value over its elements",
        "variable": "variable",
        "bulk": "bulk ESS",
        "tail": "tail ESS",
        "worst": "element with the smallest ESS",
        "rank": "Rank plots of the means: the ranks of each chain should be uniform; black "
        "is where they are not.",
        "energy": "Energy: the two distributions should look alike (BFMI {bfmi}).",
        "predictive": "Predictive check, always one period ahead: {inside} of the counts lie in "
        "the interval of 80 % and {wide} in that of 95 %. The model has seen these counts; this "
        "tests whether it fits the figures, not whether the forecast comes true.",
        "model": "What is pooled with what",
        "model in english": "",
        "made": "How this was made",
        "draws": "The bands come from {draws} draws of the posterior predictive: {chains} chains "
        "of {each}.",
        "sources": "The sources of the figures are, as far as known, in sources.csv in the "
        "forecast's folder inputs.",
        "manifest": "manifest: seeds, versions and digests",
    },
}
