"""Wrong inputs end in our own errors, which name what was found; the example lists them."""

import runpy
from pathlib import Path

import pytest

from mppbayes.cli import BAD_INPUT
from mppbayes.errors import MppbayesError

EXAMPLE = Path(__file__).parent.parent / "examples" / "wrong_inputs.py"


@pytest.fixture(scope="module")
def example():
    """The example's names; running it shows every case and fails where one is accepted."""
    return runpy.run_path(str(EXAMPLE))


def test_every_wrong_input_ends_in_an_error_of_ours(example, monkeypatch, tmp_path, capsys):
    for number, case in enumerate(example["CASES"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        with pytest.raises((MppbayesError, SystemExit)) as caught:
            case.call()
        if caught.type is SystemExit:
            assert caught.value.code == BAD_INPUT, case.given


def test_every_message_names_what_was_found(example):
    for case in example["CASES"]:
        text = " ".join(example["message"](case).split())
        assert case.named in text, case.given
        assert "Traceback" not in text, case.given


def test_there_are_many_distinct_cases(example):
    cases = example["CASES"]
    assert len({case.given for case in cases}) == len(cases)
    assert len({example["message"](case) for case in cases}) >= 25


def test_an_accepted_input_fails_the_example(example):
    harmless = example["Case"]("nothing wrong", lambda: None, "")
    with pytest.raises(AssertionError, match="accepted: nothing wrong"):
        example["message"](harmless)
