"""One step of a chain with a delay, a part and an unseen flow, for tests that need a fit of one."""

import numpy as np
import pandas as pd

import mppbayes as mpp


def network() -> mpp.Network:
    """Applications enter a backlog; decisions leave it, quarterly, with an unseen outflow."""

    def flow(name: str, kind: str, **keys: object) -> dict[str, object]:
        return {
            "name": name,
            "organisation": "A",
            "block": 1,
            "kind": kind,
            "unit": "persons",
            **keys,
        }

    return mpp.Network.from_dict(
        {
            "schema": 1,
            "name": "small chain",
            "organisation": [{"name": "A"}],
            "block": [{"number": 1}],
            "stock": [{"name": "backlog", "organisation": "A", "block": 1, "unit": "persons"}],
            "flow": [
                flow("applications", "inflow", enters="backlog"),
                flow("decisions", "throughflow", leaves="backlog"),
                flow("withdrawals", "outflow", leaves="backlog"),
                flow("grants", "throughflow", part_of="decisions"),
                flow("rejections", "throughflow", part_of="decisions", rest=True),
                flow(
                    "appeals",
                    "inflow",
                    route=[
                        {
                            "source": "rejections",
                            "delay": {"mean": 2, "sd": 1},
                            "delay_prior": {"mean_sd": 0.5, "sd_sd": 0.3},
                        }
                    ],
                ),
            ],
        }
    )


def table(n_months: int = 36) -> pd.DataFrame:
    """Monthly applications and backlog, quarterly decisions and grants, monthly appeals."""
    rng = np.random.default_rng(5)
    months = pd.period_range("2022-01", periods=n_months, freq="M")
    backlog, rows, decided, granted = 3000, [], [], []
    rejected = np.zeros(n_months + 8)
    for t, month in enumerate(months):
        came = rng.poisson(300)
        left = rng.binomial(backlog, 0.12)
        done = rng.binomial(left, 0.8)
        yes = rng.binomial(done, 0.4)
        backlog += came - left
        rejected[t] = done - yes
        decided.append(done)
        granted.append(yes)
        rows += [("applications", str(month), came), ("backlog", str(month), backlog)]
        appeals = rng.poisson(0.5 * rejected[max(t - 2, 0)] + 1)
        rows.append(("appeals", str(month), int(appeals)))
        if t % 3 == 2:
            quarter = str(month.asfreq("Q")).replace("Q", "-Q")
            rows += [
                ("decisions", quarter, sum(decided[-3:])),
                ("grants", quarter, sum(granted[-3:])),
            ]
    return pd.DataFrame(rows, columns=["series", "period", "value"])
