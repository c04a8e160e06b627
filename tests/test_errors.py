import pickle

import pytest

from mppbayes import errors
from mppbayes.errors import FaultsError, MppbayesError, NetworkError, suggest


def test_every_error_is_ours_and_also_a_builtin():
    family = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, Exception) and each is not MppbayesError
    ]
    assert len(family) >= 9
    for each in family:
        assert issubclass(each, MppbayesError)
        assert any(base.__module__ == "builtins" for base in each.__mro__[:-3]), each


def test_faults_are_listed_one_a_line():
    error = FaultsError("It cannot be used", (f"fault {n}" for n in (1, 2)), "Mend it.")
    assert str(error) == "It cannot be used\n  - fault 1\n  - fault 2\nMend it."
    assert error.faults == ("fault 1", "fault 2")


def test_errors_survive_another_process():
    error = pickle.loads(pickle.dumps(NetworkError("what", ["a", "b"], "do")))
    assert isinstance(error, NetworkError)
    assert (error.faults, str(error)) == (("a", "b"), "what\n  - a\n  - b\ndo")


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("decisons", ["grants", "decisions"], "did you mean 'decisions'?"),
        ("zzz", ["a", "b"], "known: 'a', 'b'"),
        ("zzz", [f"a{n}" for n in range(10)], "and 2 more"),
        ("zzz", [], "none is known"),
        (3, [1, 2], "known: '1', '2'"),
    ],
)
def test_a_name_is_suggested(name, known, expected):
    assert expected in suggest(name, known)
