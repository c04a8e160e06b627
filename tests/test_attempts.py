"""A second, more careful attempt after transitions diverged never loses what the first drew."""

import time
from types import SimpleNamespace

import numpy as np
import pymc as pm
import pytest
import xarray as xr

from mppbayes.errors import SamplingError
from mppbayes.inference import Sampler, fitting
from mppbayes.inference.convergence import PUBLICATION, Limits, convergence
from mppbayes.inference.samplers import Sampled, compile_nutpie, sample_until_converged


def sampled(draws, ending):
    posterior = xr.Dataset({"x": (("chain", "draw"), np.zeros((4, draws)))})
    return Sampled(xr.DataTree.from_dict({"posterior": posterior}), ending)


def attempts(monkeypatch, *endings, minutes=1.0):
    """Let sampling end so, one attempt after the other; give what is kept, and the samplers."""
    remaining, tried = iter(endings), []

    def sample(program, sampler, **_):
        tried.append(sampler.target_accept)
        found = next(remaining)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(fitting, "sample_until_converged", sample)
    program = SimpleNamespace(with_data=lambda **_: None)
    compiled = SimpleNamespace(program=program, sampler=Sampler(target_accept=0.8))
    kept = fitting._sample(
        compiled,
        {},
        seed=1,
        limits=PUBLICATION,
        deadline=time.monotonic() + 60 * minutes,
        follow=lambda *_: None,
    )
    return kept, tried


FIRST = sampled(500, "diverged")
STOPPED = SamplingError("sampling was stopped while it still adapted")


@pytest.mark.parametrize(
    "second", [sampled(500, "converged"), sampled(500, "diverged"), sampled(700, "out of time")]
)
def test_the_second_attempt_counts_where_it_went_on(monkeypatch, second):
    kept, tried = attempts(monkeypatch, FIRST, second)
    assert kept is second
    assert tried == pytest.approx([0.8, 0.9])


@pytest.mark.parametrize(
    "second", [STOPPED, sampled(40, "out of time"), sampled(40, "interrupted")]
)
def test_the_first_counts_where_the_second_was_stopped_early(monkeypatch, second):
    kept, _ = attempts(monkeypatch, FIRST, second)
    assert kept is FIRST


def test_there_is_one_attempt_where_nothing_diverged_or_time_is_up(monkeypatch):
    for first, minutes in ((sampled(500, "converged"), 1.0), (FIRST, -1.0)):
        kept, tried = attempts(monkeypatch, first, minutes=minutes)
        assert kept is first
        assert len(tried) == 1


def test_a_first_attempt_that_was_stopped_before_its_first_draw_is_an_error(monkeypatch):
    with pytest.raises(SamplingError, match="still adapted"):
        attempts(monkeypatch, STOPPED)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_sampling_goes_on_until_there_is_so_many_times_the_limit(factor):
    """The same limits hold for the result, but later."""
    with pm.Model() as model:
        pm.Normal("x", 0.0, 1.0)
    sampler = Sampler(backend="numba", tune=100, draws=2000, ess_factor=factor)
    found = sample_until_converged(
        compile_nutpie(model, sampler),
        sampler,
        seed=1,
        limits=Limits(ess=800),
        deadline=time.monotonic() + 60,
        progress=lambda *_: None,
    )
    worst = convergence(found.tree)["ess_bulk"].min()
    assert found.ending == "converged"
    assert worst >= factor * 800
    assert (found.draws > 600) == (factor > 1)
