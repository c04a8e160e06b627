"""A fitted chain: what a forecast of stocks, routes and parts keeps to."""

import pytest

import mppbayes as mpp
from mppbayes import names
from mppbayes.errors import PanelError
from mppbayes.plotting.captions import policy_sentences
from mppbayes.prediction.given import GivenFuture


@pytest.fixture(scope="module")
def fitted(chain_fit: mpp.Fit) -> mpp.Fit:
    return chain_fit


@pytest.fixture(scope="module")
def forecast(fitted: mpp.Fit) -> mpp.Forecast:
    return mpp.forecast(fitted, until="2026-12", seed=2, futures=10)


def test_every_stock_adds_up_to_the_last_person(forecast):
    flows, stocks = forecast.flows, forecast.stocks.sel(stock="backlog")
    unrecorded = forecast.tree[names.PREDICTIONS]["unrecorded"].sel(stock="backlog")
    change = flows.sel(flow="applications") - flows.sel(flow=["decisions", "withdrawals"]).sum(
        "flow"
    )
    found = stocks.diff("time") - (change + unrecorded).isel(time=slice(1, None))
    assert int(abs(found).max()) == 0
    assert int(stocks.min()) >= 0
    assert int(flows.min()) >= 0


def test_parts_make_up_their_whole(forecast):
    flows = forecast.flows
    parts = flows.sel(flow=["grants", "rejections"]).sum("flow")
    assert bool((parts == flows.sel(flow="decisions")).all())


def test_figures_stand_in_every_draw(fitted, forecast):
    seen = fitted.layout.table.set_index(["series", "end"])["value"]
    last = seen.loc["backlog"].iloc[-1]
    backlog = forecast.stocks.sel(stock="backlog", time="2024-12-01")
    assert bool((backlog == last).all())
    quarters = forecast.flows.sel(flow="decisions", time=slice("2024-10", "2024-12")).sum("time")
    assert bool((quarters == seen.loc["decisions"].iloc[-1]).all())


def test_what_is_unseen_is_found(forecast):
    """Withdrawals were a fifth of 12 % of some 2,500; rejections' appeals half."""
    monthly = forecast.flows.sel(time="2025-06-01").median(("chain", "draw"))
    assert 25 < float(monthly.sel(flow="withdrawals")) < 110
    ratio = float(monthly.sel(flow="appeals") / monthly.sel(flow="rejections"))
    assert 0.35 < ratio < 0.65


def test_a_given_future_stands_is_marked_and_moves_what_follows(fitted, forecast):
    given = GivenFuture(
        "decisions", {f"2025-{month:02}": 0 for month in range(1, 13)}, "the agency's own plan"
    )
    other = mpp.forecast(fitted, until="2026-12", seed=2, futures=10, given=[given])
    held = other.flows.sel(flow="decisions", time=slice("2025-01", "2025-12"))
    assert int(held.max()) == 0
    marked = other.tree[names.PREDICTIONS]["is_given"]
    assert bool(marked.sel(flow="decisions", time=slice("2025-01", "2025-12")).all())
    assert not bool(marked.sel(flow="applications").any())
    assert other.given.to_dict("records") == [
        {"flow": "decisions", "source": "the agency's own plan", "less": 0.0}
    ]
    said = " ".join(policy_sentences(other, "en"))
    assert said == "Given futures: decisions (the agency's own plan)."
    table = mpp.bands(other, by=("flow", "sum", "stock")).to_frame()
    basis = table.groupby(["quantity", "period"])["basis"].agg(set)
    after = ("decisions", "backlog", "withdrawals", "grants", "rejections", "appeals")
    assert all(basis[name, year] == {"given"} for name in after for year in ("2025", "2026"))
    assert basis["applications", "2025"] == {"data"}
    for name in ("applications",):
        assert bool((other.flows.sel(flow=name) == forecast.flows.sel(flow=name)).all())
    more = (
        other.stocks.sel(time="2025-12-01").median()
        - forecast.stocks.sel(time="2025-12-01").median()
    )
    assert float(more) > 1000


def test_no_more_leave_by_plan_than_are_in_the_stock(fitted):
    given = GivenFuture("decisions", {"2025-03": 100_000, "2025-05": 0}, "a plan")
    other = mpp.forecast(fitted, until="2025-12", seed=2, futures=10, given=given)
    march = other.flows.sel(flow="decisions", time="2025-03-01")
    before = other.stocks.sel(stock="backlog", time="2025-02-01")
    assert bool((march == before).all())
    assert other.given["less"].tolist() == [1.0]
    assert "in 100.0\N{NO-BREAK SPACE}% of the draws fewer" in policy_sentences(other, "en")[0]
    out = other.flows.sel(flow=["decisions", "withdrawals"]).sum("flow")
    change = other.flows.sel(flow="applications") - out + other.unrecorded.sel(stock="backlog")
    gap = other.stocks.sel(stock="backlog").diff("time") - change.isel(time=slice(1, None))
    assert int(abs(gap).max()) == 0
    plain = mpp.forecast(fitted, until="2025-12", seed=2, futures=10)
    ahead = {"stock": "backlog", "time": "2025-03-01"}
    assert float(abs(other.unrecorded.sel(ahead)).max()) <= 3 + float(
        abs(plain.unrecorded.sel(ahead)).max()
    )


def test_a_given_part_is_within_its_given_whole(fitted):
    parts = {"decisions": 100, "grants": 101}
    given = [GivenFuture(name, {"2025-03": n}, "a plan") for name, n in parts.items()]
    with pytest.raises(PanelError, match=r"grants of 2025-03 exceed 'decisions'.* by 1"):
        mpp.forecast(fitted, until="2025-12", seed=2, given=given)


def test_a_given_future_may_be_quantiles(fitted):
    quantiles = {0.9: 100, 0.5: 200, 0.1: 400}
    given = GivenFuture("applications", {"2025-03": quantiles}, "a partner")
    other = mpp.forecast(fitted, until="2025-12", seed=2, futures=10, given=[given])
    march = other.flows.sel(flow="applications", time="2025-03-01")
    assert float((march > 200).mean()) == pytest.approx(0.5, abs=0.03)
    assert float((march >= 400).mean()) == pytest.approx(0.1, abs=0.02)


def test_a_given_future_that_cannot_be_used_is_refused_with_all_faults(fitted):
    given = [
        GivenFuture("aplications", {"2025-03": 1}, "a partner"),
        GivenFuture("decisions", {"2024-03": 1, "2025-04": -1, "soon": 3}, ""),
        GivenFuture("decisions", {"2025-05": {0.9: 5, 0.1: 2}}, "a partner"),
        GivenFuture("applications", {"2025": 12_000, "2025-06": {"0.5": 3, "0.1": 4}}, "a partner"),
        GivenFuture("backlog", {"2025-03": 1}, "a partner"),
        GivenFuture("appeals", [10, 20], "a partner"),
    ]
    with pytest.raises(PanelError) as caught:
        mpp.forecast(fitted, until="2025-12", seed=2, given=given)
    text = str(caught.value)
    for part in (
        "'applications'",
        "2024-03 of 'decisions' is not after 2024-12",
        "is -1",
        "'soon'",
        "has no source",
        "quantiles",
        "given twice",
        "2025 of 'applications' is no month, by which this network steps",
        "2025-06 of 'applications' has quantiles",
        "'backlog' is no flow; only the futures of flows can be given",
        "the counts of 'appeals' are [10, 20]; give period → count",
    ):
        assert part in text
