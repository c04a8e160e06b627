"""Whether two figures of one series are about the same events or the same moment."""

import pandas as pd

from mppbayes.network import Network
from mppbayes.panel.faults import Faults
from mppbayes.panel.periods import Span


def check_repeats(figures: pd.DataFrame, network: Network, faults: Faults) -> None:
    """Add the faults of periods that repeat or overlap within a series.

    Parameters
    ----------
    figures : DataFrame
        ``series``, ``span`` and ``row`` of the figures.
    network : Network
        Tells which series are stocks, whose figures are of a period's end.
    faults : Faults
        What they are added to.
    """
    stocks = network.stock_series
    for series, group in figures.groupby("series", sort=False):
        pairs = zip(group["span"], group["row"], strict=True)
        spans = sorted(pairs, key=lambda pair: (pair[0].first, -pair[0].months))
        if series in stocks:
            _check_ends(str(series), spans, faults)
        else:
            _check_spans(str(series), spans, faults)


def _check_spans(series: str, spans: list[tuple[Span, int]], faults: Faults) -> None:
    reaching, reaching_row = spans[0]  # of the figures so far, the one that ends last
    for span, row in spans[1:]:
        if span == reaching:
            _repeated(series, (span, row), reaching_row, faults)
        elif span.first < reaching.end:
            faults.add(
                f"overlapping periods of '{series}'",
                "events would be counted twice: keep the finer or the coarser figures",
                row,
                f"{span} overlaps {reaching} in row {reaching_row}",
            )
        if span.end > reaching.end:
            reaching, reaching_row = span, row


def _check_ends(series: str, spans: list[tuple[Span, int]], faults: Faults) -> None:
    seen: dict[int, int] = {}
    for span, row in spans:
        if span.end in seen:
            _repeated(series, (span, row), seen[span.end], faults)
        seen.setdefault(span.end, row)


def _repeated(series: str, figure: tuple[Span, int], earlier: int, faults: Faults) -> None:
    span, row = figure
    faults.add(
        f"repeated periods of '{series}'",
        "keep one figure a period, the latest",
        row,
        f"{span} stands in row {earlier} too",
    )
