"""Progress of long work where there is no terminal."""

import pytest

from mppbayes.inference import following


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand, in seconds."""
    now = [0.0]
    monkeypatch.setattr("mppbayes.inference.progress.time.monotonic", lambda: now[0])
    for variable in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(variable, raising=False)
    return now


def test_a_log_gets_a_line_a_minute(clock, capsys):
    with following(True) as follow:
        for clock[0], done in ((1, 10), (59, 300), (61, 310), (62, 311), (119, 1300), (121, 1400)):
            follow(done, 2500, "2 divergences" if done > 1000 else "")
    assert capsys.readouterr().err.splitlines() == [
        "fit, after 1 min: 310 of 2,500",
        "fit, after 2 min: 1,400 of 2,500, 2 divergences",
    ]


def test_a_log_says_what_has_no_number_yet(clock, capsys):
    with following(True) as follow:
        clock[0] = 90
        follow(0, 0, "compiling")
    assert capsys.readouterr().err == "fit, after 2 min: compiling\n"


def test_nothing_is_shown_unasked(clock, capsys):
    with following(False) as follow:
        clock[0] = 3600
        follow(1, 2, "remark")
    assert capsys.readouterr().err == ""
