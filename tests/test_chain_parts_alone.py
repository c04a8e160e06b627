"""Parts of a whole that has no figures of its own."""

import chains
import numpy as np
import pytest
from chains import flow, months, network, stock
from pytensor.graph.traversal import ancestors

from mppbayes.errors import SpecError
from mppbayes.model import ModelSpec, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build
from mppbayes.model.layout import Layout
from mppbayes.model.replay import replay


@pytest.fixture
def unseen_whole():
    return network(flow("other"), flow("whole"), flow("part", part_of="whole"))


@pytest.mark.parametrize("dispersion", [10.0, 100.0, 1000.0])
def test_the_mean_of_a_part_follows_its_figures(unseen_whole, dispersion):
    """From 50 to 100, though nothing but the part tells of the whole."""
    known = chains.layout(
        unseen_whole,
        other=months("2020-01", [3] * 48),
        part=months("2020-01", [50] * 24 + [100] * 24),
    )
    level = {"whole": np.log(100.0), "part": 0.0}
    parameters = chains.draws(
        unseen_whole, 1, 48, level=level, adaptation=0.3, dispersion=dispersion
    )
    mean = replay(parameters, known).mean[0, :, unseen_whole.flow_names.index("part")]
    assert mean[24] == pytest.approx(50, rel=0.2)
    assert mean[47] == pytest.approx(100, rel=0.2)
    assert mean[47] / mean[24] == pytest.approx(2, rel=0.1)


def test_a_whole_goes_on_where_its_parts_left_it(unseen_whole):
    known = chains.layout(
        unseen_whole, other=months("2020-01", [3] * 24), part=months("2020-01", [200] * 24)
    )
    level = {"whole": np.log(100.0), "part": 0.0}
    parameters = chains.draws(unseen_whole, 1, 24, level=level, adaptation=0.3, dispersion=10.0)
    past = replay(parameters, known)
    at = unseen_whole.flow_names.index("whole")
    assert past.end.level[0, at] > np.log(200)


@pytest.mark.parametrize("figures", [[5000] * 24, [1000] * 12 + [9000] * 12])
def test_a_whole_that_is_never_seen_may_be_large(unseen_whole, figures):
    evidence = chains.panel(
        unseen_whole, other=months("2020-01", [3] * 24), part=months("2020-01", figures)
    )
    spec = resolve(ModelSpec(unseen_whole), evidence)
    assert spec.mean_levels["whole"] == pytest.approx(np.log(10_000))
    assert spec.ceilings["whole"] == pytest.approx(20 * 2 * max(figures))


def test_a_part_of_what_a_stock_tells_of_has_its_share_of_the_surprise():
    """The whole is learned from the stock; the share of the part is not thrown away for that."""
    net = network(
        flow("arrive", enters="present"),
        flow("decide", leaves="present"),
        flow("yes", part_of="decide"),
        stocks=[stock("present")],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [100] * 36),
        present=months("2020-01", [1000] * 36),
        yes=months("2020-01", [30] * 12 + [60] * 24),
    )
    level = {"arrive": np.log(100.0), "decide": np.log(0.105), "yes": np.log(3 / 7)}
    parameters = chains.draws(
        net, 1, 36, level=level, stock=1000.0, unrecorded=1.0, adaptation=0.3, dispersion=100.0
    )
    mean = replay(parameters, known).mean[0]
    assert mean[12, 2] == pytest.approx(30, rel=0.1)
    assert mean[35, 2] == pytest.approx(60, rel=0.15)
    assert mean[35, 1] == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize("rounding", [1, 5])
def test_the_graph_uses_all_that_it_is_given(unseen_whole, rounding):
    """A sampler refuses data that the compiled density does not know."""
    figures = {"other": months("2020-01", [3] * 12)}
    seen_whole = months("2020-01", [40] * 12)
    part = [(period, 10, rounding) for period, _ in seen_whole]
    for given in (figures, figures | {"whole": seen_whole}):
        panel = chains.panel(unseen_whole, **given, part=part)
        spec, known = resolve(ModelSpec(unseen_whole), panel), Layout.of(panel)
        model = build(spec, known, arrays(spec, known, panel))
        used = set(ancestors([*model.free_RVs, *model.deterministics, *model.potentials]))
        assert [data.name for data in model.data_vars if data not in used] == []


def test_a_model_of_a_whole_with_figures_is_refused_those_of_its_part_alone(unseen_whole):
    """Its graph would not move the whole, and the replay of the fit would."""
    figures = {"other": months("2020-01", [3] * 12), "part": months("2020-01", [10] * 12)}
    longer = chains.panel(unseen_whole, **figures, whole=months("2020-07", [40] * 6))
    shorter = longer.until("2020-06")
    spec = resolve(ModelSpec(unseen_whole), shorter)
    with pytest.raises(SpecError, match="'whole' has no figures in this panel"):
        arrays(spec, Layout.of(longer), shorter)
    arrays(spec, Layout.of(shorter), shorter)
