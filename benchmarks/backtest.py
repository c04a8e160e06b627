"""The model against simple forecasts on the bundled monthly figures, at fifteen past origins.

Usage: python benchmarks/backtest.py [DIRECTORY]   (it goes on where it was interrupted)
"""

import sys
import time
from pathlib import Path

import pandas as pd

import mppbayes as mpp
from mppbayes.evaluation import BASELINES, backtest, calibration_table, compare, scores_table

YEARLY = [f"{year}-12" for year in range(2017, 2025)]
HALF_YEARLY = [f"{year}-06" for year in range(2018, 2025)]


def main(directory: Path) -> None:
    """Print the tables of scores, comparisons and calibration."""
    panel, spec = evidence()
    began = time.monotonic()
    found = backtest(
        spec,
        panel,
        origins=[*YEARLY, *HALF_YEARLY],
        baselines=[*BASELINES, "unpooled"],
        directory=directory,
    )
    log = found.log()
    print(f"{time.monotonic() - began:.0f} s in this run; seconds by model:")
    print(log.groupby("model", sort=False)["seconds"].agg(["sum", "max"]).round(0).to_string())
    print(log.groupby(["model", "status"], sort=False).size().to_string())
    scores = scores_table(found)
    for origins, name in ((YEARLY, "eight yearly origins"), ([*YEARLY, *HALF_YEARLY], "all")):
        chosen = scores[scores["origin"].isin(origins)]
        print(f"\nCRPS, {name}: sum over flows, and the declared sums; mean over origins")
        print(mean_scores(chosen, "crps").to_string(float_format="{:.0f}".format))
        print("\nCRPS of log(1 + count)")
        print(mean_scores(chosen, "log_crps").to_string(float_format="{:.3f}".format))
        print("\nThe difference in CRPS to each baseline, with its 95 % interval")
        print(compare(chosen).to_string(index=False, float_format="{:.0f}".format))
    print("\nAll scores, all origins, mean over origins and flows")
    flows = scores[scores["aggregate"].isin(["flow", "flows"])]
    print(
        flows.pivot_table(index=["score", "lead"], columns="model", values="value").to_string(
            float_format="{:.3g}".format
        )
    )
    print("\nHow often each band was exceeded, all origins")
    calibration = calibration_table(found)
    shown = calibration[calibration["aggregate"].isin(["flows", "sum", "organisation"])]
    print(shown.to_string(index=False, float_format="{:.2f}".format))


def evidence() -> tuple[mpp.Panel, mpp.ModelSpec]:
    """Give the bundled monthly flows; the sum of the named nationalities is one more quantity."""
    data = mpp.Network.asylum_inflow().to_dict()
    named = [flow["name"] for flow in data["flow"] if flow.get("labels")]
    data["sum"].append({"name": "named_nationalities", "of": named})
    network = mpp.Network.from_dict(data)
    return mpp.public_figures(network), mpp.ModelSpec(network)


def mean_scores(scores: pd.DataFrame, score: str) -> pd.DataFrame:
    """Average over origins: per lead, a row for the flows' sum and each declared sum."""
    chosen = scores[scores["score"] == score]
    flows = chosen[(chosen["aggregate"] == "flow")]
    named = flows[flows["quantity"] != "other_and_repeat_applications"]
    parts = [
        table.groupby(["origin", "lead", "model"])["value"].sum().rename(name)
        for table, name in ((flows, "15 flows"), (named, "14 flows"))
    ]
    parts += [
        table.set_index(["origin", "lead", "model"])["value"].rename(str(name))
        for name, table in chosen[chosen["aggregate"] == "sum"].groupby("quantity")
    ]
    long = (
        pd.concat(parts, axis=1)
        .stack()
        .rename("value")
        .rename_axis(["origin", "lead", "model", "quantity"])
    )
    return long.groupby(["lead", "quantity", "model"]).mean().unstack("model")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "mppbayes-backtest"))
