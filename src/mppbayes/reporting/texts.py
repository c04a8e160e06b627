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
        "last seen": "t/m {period}",
        "data": "eigen cijfers",
        "borrowed": "cijfers van verwante stromen",
        "prior": "aannames vooraf",
        "given": "een opgegeven toekomst",
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
        "track-record": "Trefzekerheid in het verleden",
        "remade": "De prognose is opnieuw gemaakt vanuit momenten in het verleden, telkens met "
        "alleen wat toen bekend was: t/m {origins}. Hier staat ernaast wat er daarna kwam. Een "
        "moment is te beoordelen als er een prognose van dit model en een uitkomst is.",
        "judged at": "{window}: te beoordelen bij {known} van de {origins} momenten.",
        "belongs": "Alle stromen en totalen van deze toets bestaan in het netwerk van deze "
        "prognose. Met welke specificatie en welke cijfers de toets is gemaakt, staat er niet bij "
        "en is dus niet nagegaan.",
        "not judged": "Niet getoetst: {names}.",
        "other level": "De kans op meer dan de band {band} was in de toets {other} en is in deze "
        "prognose {own}.",
        "all flows": "alle stromen samen",
        "track finding": "{window}, alle stromen samen: {said}.",
        "no outcome": "{window}: er is nog geen uitkomst bekend.",
        "band exceeded": "de band {band} is door {observed} van {n} uitkomsten overschreden "
        "(95 %-interval {interval}), {verdict}",
        "agrees": "wat strookt met {nominal}",
        "too often": "wat afwijkt van {nominal}: te vaak",
        "too seldom": "wat afwijkt van {nominal}: te zelden",
        "says nothing": "wat nog niets zegt over {nominal}",
        "exceedance by band": "Hoe vaak elke band is overschreden: {window}",
        "quantity": "grootheid",
        "nominal": "kans op meer",
        "was exceeded": "overschreden",
        "interval": "95 %-interval",
        "outcomes": "uitkomsten",
        "frequencies explained": "Het interval is breed waar er weinig momenten zijn, omdat "
        "uitkomsten van één moment, en van momenten waarvan de vensters overlappen, op elkaar "
        "lijken. Kleine aantallen overschrijden een band volgens de regel iets minder vaak dan "
        "zijn kans: een band is het kleinste gehele getal dat met hoogstens die kans wordt "
        "overschreden. Bij alle stromen samen telt elke stroom apart mee; hun som is een totaal. "
        "Stromen en groepen apart staan in calibration.csv van de toets.",
        "coverage explained": "Kleine aantallen vallen volgens dezelfde regel iets vaker binnen "
        "een interval dan beoogd.",
        "coverage": "Hoe vaak de uitkomst binnen het centrale interval viel: alle stromen samen",
        "window": "venster",
        "meant": "beoogd",
        "held": "binnen het interval",
        "scored better": "dit model scoorde beter dan {others}",
        "scored unclear": "geen duidelijk verschil in score met {others}",
        "scored alone": "te weinig momenten voor een oordeel naast {others}",
        "scored worse": "dit model scoorde slechter dan {others}",
        "not compared": "Er zijn geen scores van andere prognoses om deze naast te leggen.",
        "score lower": "score {share} lager",
        "score higher": "score {share} hoger",
        "score explained": "De score (CRPS) meet hoe ver de prognose, met al haar onzekerheid, van "
        "de uitkomst lag, in de eenheid van de tellingen. Lager is beter; een negatief verschil "
        "pleit voor dit model. De score van alle stromen samen is de som van hun scores.",
        "explained ratio": "Het verhoudingsmodel vermenigvuldigt het laatste jaar met een "
        "verhouding uit het verleden.",
        "explained unpooled": "Met elke stroom apart deelt het model niets tussen stromen.",
        "by mppbayes": "dit model",
        "by ratio": "het verhoudingsmodel",
        "by unpooled": "dit model met elke stroom apart",
        "comparison by model": "Scores naast die van andere prognoses: {window}",
        "forecast by": "prognose van",
        "beside": "naast",
        "own score": "dit model",
        "other score": "het andere",
        "difference": "verschil",
        "moments": "momenten",
        "from to": "{lower} tot {upper}",
        "drawn": "{title}: wat het model op elk moment zou hebben voorspeld, en wat er kwam.",
        "drawn calibration": "Kalibratie: hoe vaak gebeurde wat een kans had gekregen.",
        "as drawn": "De figuren zijn die van de toets zelf, in de taal waarin zij zijn gemaakt.",
        "statuses": "Hoe de prognoses vanuit die momenten verliepen",
        "status final": "definitief",
        "status draft": "concept",
        "status failed": "mislukt",
        "drafts": "Een concept, waarvan de ketens niet op tijd convergeerden, telt mee in de "
        "cijfers hieronder. Een mislukte prognose ontbreekt erin.",
        "unsound": "Welke prognoses niet definitief zijn",
        "moment": "moment",
        "remark": "opmerking",
        "breakdown": "Uitgesplitst per jaar",
        "figures": "Figuren",
        "checks": "Controles",
        "check": "controle",
        "outcome": "uitkomst",
        "statement": "bevinding",
        "ceiling": "Een gemiddelde boven de helft van zijn plafond wordt afgebogen: {where}.",
        "ceiling at": "bij {title} in {share} van de trekkingen",
        "often at ceiling": "bij {number} van de {whole} stromen in meer dan 1 % van de trekkingen "
        "ooit, het vaakst {most}",
        "no ceiling": "bij geen stroom in meer dan 1 % van de trekkingen",
        "unused": "Cijfers die niets zeggen over het tempo van hun stroom (in het Engels)",
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
        "past measures": "Maatregelen uit het verleden: wat de cijfers van hun effect zeggen",
        "measure": "maatregel",
        "start": "ingang",
        "prior effect": "effect vooraf",
        "effect": "effect, mediaan",
        "effect interval": "negen keer op tien tussen",
        "sd ratio": "sd achteraf ÷ vooraf",
        "past explained": "Een effect is de verandering van de kans of het tempo per periode. "
        "Ligt de verhouding van de standaarddeviaties bij 1, dan zeggen de cijfers er vrijwel "
        "niets over en is het effect dat van de aanname vooraf.",
        "rank": "Rangplots van de gemiddelden: per keten horen de rangen gelijkmatig te zijn; "
        "zwart is waar zij afwijken.",
        "energy": "Energie: de twee verdelingen horen op elkaar te lijken (BFMI {bfmi}).",
        "adequacy": "Posterior predictive check, steeds één periode vooruit: past het model bij "
        "het verleden?",
        "adequacy explained": "Elke telling is vergeleken met wat het model een periode eerder "
        "van haar verwachtte. De kans dat een model dat klopt een van deze controles niet haalt, "
        "is 5 % voor alle samen. Het model heeft deze tellingen gezien; dit toetst of het bij de "
        "cijfers past, niet of de prognose uitkomt. Een controle die niet is "
        "gehaald, houdt hier geen getallen tegen.",
        "residuals: level": "niveau",
        "residuals: variance": "spreiding",
        "residuals: autocorrelation": "samenhang met de periode ervoor",
        "residuals: seasonal autocorrelation": "samenhang met dezelfde periode een jaar eerder",
        "residuals: correlation across flows": "samenhang tussen stromen",
        "residuals: zeros": "nullen",
        "residuals: extremes": "uitschieters",
        "residuals: tails": "staarten",
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
        "last seen": "up to {period}",
        "data": "its own figures",
        "borrowed": "figures of related flows",
        "given": "a future that was given",
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
        "track-record": "Track record",
        "remade": "The forecast was made again at moments in the past, each time from only what "
        "was known then: to {origins}. Here what came stands beside it. A moment can be judged if "
        "there are a forecast by this model and an outcome.",
        "judged at": "{window}: can be judged at {known} of the {origins} moments.",
        "belongs": "All flows and totals of this backtest exist in this forecast's network. Its "
        "folder does not say with which specification and figures it was made, so that these were "
        "not checked.",
        "not judged": "Not in the backtest: {names}.",
        "other level": "The chance of more than the band {band} was {other} in the backtest and "
        "is {own} in this forecast.",
        "all flows": "all flows together",
        "track finding": "{window}, all flows together: {said}.",
        "no outcome": "{window}: no outcome is known yet.",
        "band exceeded": "the {band} was exceeded by {observed} of {n} outcomes "
        "(95 % interval {interval}), {verdict}",
        "agrees": "which agrees with {nominal}",
        "too often": "which differs from {nominal}: too often",
        "too seldom": "which differs from {nominal}: too seldom",
        "says nothing": "which says nothing yet about {nominal}",
        "exceedance by band": "How often each band was exceeded: {window}",
        "quantity": "quantity",
        "nominal": "chance of more",
        "was exceeded": "exceeded",
        "interval": "95 % interval",
        "outcomes": "outcomes",
        "frequencies explained": "The interval is wide where moments are few, because outcomes of "
        "one moment, and of moments whose windows overlap, are alike. By rule, small counts exceed "
        "a band somewhat less often than its chance: a band is the smallest whole number that is "
        "exceeded with at most that chance. In all flows together each flow counts apart; their "
        "sum is a total. Single flows and groups stand in calibration.csv of the backtest.",
        "coverage explained": "By the same rule, small counts fall inside an interval somewhat "
        "more often than meant.",
        "coverage": "How often the outcome fell inside the central interval: all flows together",
        "window": "window",
        "meant": "meant",
        "held": "inside the interval",
        "scored better": "this model scored better than {others}",
        "scored unclear": "no clear difference in score from {others}",
        "scored alone": "too few moments to judge beside {others}",
        "scored worse": "this model scored worse than {others}",
        "not compared": "There are no scores of other forecasts to set beside these.",
        "score lower": "score {share} lower",
        "score higher": "score {share} higher",
        "score explained": "The score (CRPS) measures how far the forecast, with all its "
        "uncertainty, lay from the outcome, in the unit of the counts. Lower is better; a negative "
        "difference speaks for this model. The score of all flows together is the sum of theirs.",
        "explained ratio": "The ratio model multiplies the last year by a ratio from the past.",
        "explained unpooled": "With each flow apart the model shares nothing between flows.",
        "by mppbayes": "this model",
        "by ratio": "the ratio model",
        "by unpooled": "this model with each flow apart",
        "comparison by model": "Scores beside those of other forecasts: {window}",
        "forecast by": "forecast by",
        "beside": "beside",
        "own score": "this model",
        "other score": "the other",
        "difference": "difference",
        "moments": "moments",
        "from to": "{lower} to {upper}",
        "drawn": "{title}: what the model would have forecast at each moment, and what came.",
        "drawn calibration": "Calibration: how often what was given a chance happened.",
        "as drawn": "The figures are the backtest's own, in the language in which they were made.",
        "statuses": "How the forecasts at those moments went",
        "status final": "final",
        "status draft": "draft",
        "status failed": "failed",
        "drafts": "A draft, whose chains did not converge in time, counts in the figures below. A "
        "forecast that failed is missing from them.",
        "unsound": "Which forecasts are not final",
        "moment": "moment",
        "remark": "remark",
        "breakdown": "Broken down, by year",
        "figures": "Figures",
        "checks": "Checks",
        "check": "check",
        "outcome": "outcome",
        "statement": "finding",
        "ceiling": "A mean above half its ceiling is bent down: {where}.",
        "ceiling at": "of {title} in {share} of the draws",
        "often at ceiling": "of {number} of the {whole} flows in more than 1 % of the draws at "
        "some time, most often {most}",
        "no ceiling": "of no flow in more than 1 % of the draws",
        "unused": "Figures that tell nothing of their flow's rate",
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
        "past measures": "Measures of the past: what the evidence says of their effects",
        "measure": "measure",
        "start": "start",
        "prior effect": "prior effect",
        "effect": "effect, median",
        "effect interval": "nine times in ten between",
        "sd ratio": "posterior sd ÷ prior sd",
        "past explained": "An effect is the change of a rate per period. Where the ratio of the "
        "standard deviations is near 1 the evidence says next to nothing of it, and the effect is "
        "that of the prior.",
        "rank": "Rank plots of the means: the ranks of each chain should be uniform; black "
        "is where they are not.",
        "energy": "Energy: the two distributions should look alike (BFMI {bfmi}).",
        "adequacy": "Posterior predictive check, one period ahead: does the model describe the "
        "past?",
        "adequacy explained": "Each count is compared with what the model expected of it one "
        "period before. The chance that a model that is right fails any of these checks is 5 % for "
        "all together. The model has seen these counts; this tests whether it fits the figures, "
        "not whether the forecast comes true. A failure here withholds no figure.",
        "residuals: level": "level",
        "residuals: variance": "variance",
        "residuals: autocorrelation": "autocorrelation",
        "residuals: seasonal autocorrelation": "correlation with the same period a year before",
        "residuals: correlation across flows": "correlation across flows",
        "residuals: zeros": "zeros",
        "residuals: extremes": "extremes",
        "residuals: tails": "tails",
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
