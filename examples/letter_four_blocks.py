"""
A letter in four blocks
=======================

The sentences of a minister's letter, computed from one forecast of the whole chain. It takes the
folder that ``mppbayes demo --whole`` wrote: ``python examples/letter_four_blocks.py FOLDER``. The
forecast is an illustration on public copies, not an official one, and so are the measures, whose
effects are assumptions made up for this example.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import mppbayes as mpp

YEAR = "2027"
PLACES = mpp.Capacity(80_000, norm=0.95, source="a round number, for illustration")
PLAN = mpp.Scenario(
    "example measures",
    (
        mpp.Measure(
            "fewer applications",
            block=1,
            acts_on=("other_and_repeat_applications", "first_applications_syria"),
            start="2026-07",
            effect={0.9: -0.3, 0.1: -0.05},
            phase_in=6,
            probability=0.7,
        ),
        mpp.Measure(
            "more houses",
            block=4,
            acts_on=("coa_outflow_status_holders",),
            start="2026-07",
            effect={0.9: 0.05, 0.1: 0.3},
            phase_in=12,
        ),
        mpp.Measure(
            "more departures",
            block=3,
            acts_on=("departures_independent", "departures_forced"),
            start="2026-07",
            effect=0.1,
        ),
    ),
)


def letter(forecast: mpp.Forecast, fit: mpp.Fit) -> Iterator[str]:
    """Give the letter, a sentence at a time."""
    until, again = str(forecast.flows.indexes["time"][-1].year), forecast.manifest
    plan = mpp.forecast(
        fit, until=until, seed=again["seed"], futures=again["futures"], scenario=PLAN
    )
    contrast = mpp.contrast(forecast, plan, by=("flow", "stock", "sum"))
    yield f"Status of the forecast: {forecast.status}; {forecast.note}."
    yield "\nBlock 1, inflow"
    yield banded(forecast, "asylum_inflow")
    yield changed(contrast, "asylum_inflow")
    yield changed(contrast, "pending_applications")
    yield "\nBlock 2, reception places"
    yield banded(forecast, "coa_occupancy")
    yield from places(forecast)
    yield changed(contrast, "coa_occupancy")
    yield "\nBlock 3, return"
    yield banded(forecast, "departures")
    yield changed(contrast, "departures")
    yield "\nBlock 4, housing of status holders"
    yield banded(forecast, "status_holders_in_coa")
    yield changed(contrast, "status_holders_in_coa")
    yield "\nMediaan instead of medio"
    yield from basis(forecast)
    yield "\nOne set of numbers that add up, the inflow on its medio"
    yield together(forecast)


def banded(forecast: mpp.Forecast, quantity: str) -> str:
    """Say the bands of a quantity in the year, each with its probability."""
    bands = mpp.bands(forecast, by=("flow", "stock", "sum")).select(quantity=quantity, period=YEAR)
    rows = bands.to_frame()
    said = ", ".join(
        f"{row.band} {row.value:,} (exceeded with probability {chance(row.band)})"
        for row in rows.itertuples()
    )
    moment = f" on {rows['moment'].iloc[0]}" if rows["moment"].iloc[0] else f" in {YEAR}"
    unit, rests_on = rows["unit"].iloc[0], rows["basis"].iloc[0]
    last = rows["last_observed"].iloc[0] or "never"
    return f"{quantity}{moment}, in {unit}: {said}. It rests on {rests_on}, last seen {last}."


def chance(name: str) -> str:
    """Say a band's probability, and where it is an assumption and not the MPP's."""
    band = mpp.MPP[name]
    return f"{band.exceedance:g}" + ("" if band.published else ", our assumption")


def changed(contrast: mpp.Contrast, quantity: str) -> str:
    """Say what the measures change in the year."""
    table = contrast.to_frame().query(f"quantity == '{quantity}' and period == '{YEAR}'")
    row = table.iloc[0]
    return (
        f"With the measures {quantity} changes by {row['difference']:+,.0f} {row['unit']} on "
        f"average, nine times in ten by {row['lower']:+,.0f} to {row['upper']:+,.0f}."
    )


def places(forecast: mpp.Forecast) -> Iterator[str]:
    """Say how likely a shortage of places is, at the end of the year and ever."""
    table = mpp.shortage(mpp.paths(forecast, "coa_occupancy"), PLACES).set_index("period")
    december = table.loc[f"{YEAR}-12"]
    yield (
        f"With {PLACES.places:,} places, of which {PLACES.norm:.0%} can be occupied, the chance of "
        f"a shortage at the end of {YEAR} is {december['probability']:.0%}, the expected shortage "
        f"{december['shortage']:,.0f} places and the expected surplus {december['surplus']:,.0f}; "
        f"the chance that there ever is one is {table.loc['peak', 'probability']:.0%}."
    )
    yield f"For a chance of a third that they are too few, {december['needed']:,.0f} are needed."


def basis(forecast: mpp.Forecast) -> Iterator[str]:
    """Say what planning on one band or the other means."""
    plans = mpp.compare_plans(forecast, ["medio", "mediaan"], by="sum", costs=(2.0, 1.0))
    rows = plans.to_frame().query(f"period == '{YEAR}'")
    for name in ("asylum_inflow", "coa_occupancy"):
        medio, mediaan = (
            rows.query(f"quantity == '{name}' and basis == '{band}'").iloc[0]
            for band in ("medio", "mediaan")
        )
        yield (
            f"{name}: the plan goes from {medio['value']:,} to {mediaan['value']:,}. The chance "
            f"that it falls short goes from {medio['falls_short']:.2f} to "
            f"{mediaan['falls_short']:.2f}, the expected shortage from {medio['shortage']:,.0f} to "
            f"{mediaan['shortage']:,.0f}, the expected surplus from {medio['surplus']:,.0f} to "
            f"{mediaan['surplus']:,.0f}."
        )
    best = plans.optimum().query(f"quantity == 'coa_occupancy' and period == '{YEAR}'").iloc[0]
    yield (
        f"If one place too few costs twice as much as one too many, a plan for "
        f"{best['value']:,} in reception costs least; it is exceeded with probability "
        f"{best['exceedance']:.2f}."
    )


def together(forecast: mpp.Forecast) -> str:
    """Give the scenario that has the inflow on its medio, and is coherent."""
    made = mpp.coherent(forecast, anchor="asylum_inflow", band="medio", period=YEAR)
    table = made.to_frame().query(f"band == 'medio' and period == '{YEAR}'")
    shown = table[table["aggregate"].isin(["sum", "stock"])]
    lines = [
        f"  {row.quantity}: {row.value:,} (itself exceeded with probability {row.exceedance:.2f})"
        for row in shown.itertuples()
    ]
    effective = made.effective["medio"]
    return "\n".join([*lines, f"  It is a mean of {effective:.0f} draws in effect."])


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "mppbayes-demo")
    drawn, fitted = mpp.Forecast.load(folder / "forecast.nc"), mpp.load_fit(folder / "fit.nc")
    for sentence in letter(drawn, fitted):
        print(sentence)
