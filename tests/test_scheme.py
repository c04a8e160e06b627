import dataclasses

import pytest

from mppbayes.errors import LabelError, SpecError
from mppbayes.prediction import MPP, Band, BandScheme


def test_the_levels_of_the_mpp():
    levels = {band.name: (band.exceedance, band.published) for band in MPP}
    assert levels == {
        "minimum": (0.90, False),
        "mediaan": (0.50, True),
        "medio": (0.33, True),
        "maximum": (0.10, False),
    }


def test_an_assumption_is_described_as_one():
    assert MPP["minimum"].description == "minimum: exceeded with probability 0.9 (our assumption)"
    assert MPP["medio"].description == "medio: exceeded with probability 0.33"


def test_with_levels_gives_another_scheme():
    wider = MPP.with_levels(minimum=0.95, maximum=0.05)
    assert wider.exceedances == (0.95, 0.50, 0.33, 0.05)
    assert wider.names == MPP.names
    assert wider["minimum"].title == MPP["minimum"].title
    assert MPP.exceedances == (0.90, 0.50, 0.33, 0.10)
    assert MPP.with_levels() == MPP


def test_a_scheme_is_frozen_and_hashable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MPP.name = "mine"
    assert hash(MPP) == hash(MPP.with_levels(minimum=0.90))
    assert len(BandScheme("mine", [Band("low", 0.8), Band("high", 0.2)])) == 2


@pytest.mark.parametrize(
    ("levels", "faults"),
    [
        ({"minimun": 0.95}, ["there is no band 'minimun'; did you mean 'minimum'?"]),
        ({"medio": 0.4}, ["'medio' cannot be 0.4: its probability is published as 0.33"]),
        ({"maximum": "0.1"}, ["'maximum' is '0.1'; expected a number"]),
        ({"maximum": None}, ["'maximum' is None; expected a number"]),
        ({"minimum": 95}, ["the probability of 'minimum' is 95"]),
        ({"minimum": float("nan")}, ["is nan"]),
        ({"maximum": 0.0}, ["is 0.0"]),
        ({"maximum": 0.33}, ["'maximum' (0.33) comes after 'medio' (0.33)"]),
        ({"top": 0.1, "minimum": 0.4}, ["no band 'top'", "'mediaan' (0.5) comes after"]),
    ],
)
def test_wrong_levels_are_refused_with_every_fault(levels, faults):
    with pytest.raises(SpecError) as caught:
        MPP.with_levels(**levels)
    assert len(caught.value.faults) == len(faults)
    for found, expected in zip(caught.value.faults, faults, strict=True):
        assert expected in found


def test_a_wrong_scheme_is_refused_with_every_fault():
    with pytest.raises(SpecError, match="'mine' cannot be used") as caught:
        BandScheme("mine", (Band("low", 0.2), Band("low", 0.8)))
    assert len(caught.value.faults) == 2
    with pytest.raises(SpecError, match=r"'low' is '0\.9'; expected a number"):
        BandScheme("mine", (Band("low", "0.9"), Band("high", 0.1)))
    with pytest.raises(SpecError, match="no bands"):
        BandScheme("none", ())


def test_an_unknown_band_is_named():
    with pytest.raises(LabelError, match="did you mean 'mediaan'"):
        MPP["median"]
