import json

import numpy as np
import pytest
import xarray as xr

from mppbayes import storage
from mppbayes.errors import StorageError
from mppbayes.storage import (
    digest,
    manifest,
    read_netcdf,
    source_digest,
    whole_file,
    write_netcdf,
)


@pytest.fixture
def tree():
    posterior = xr.Dataset(
        {"level": (("draw", "flow"), np.arange(20_000.0).reshape(-1, 2))},
        coords={"flow": np.array(["syrië", ""])},
    )
    counts = xr.Dataset({"count": ("time", np.arange(3))}, attrs={"status": "draft"})
    return xr.DataTree.from_dict({"/posterior": posterior, "/posterior/counts": counts})


def test_a_tree_comes_back_equal(tree, tmp_path):
    write_netcdf(tree, tmp_path / "tree.nc")
    back = read_netcdf(tmp_path / "tree.nc")
    xr.testing.assert_identical(back, tree)
    assert back["posterior"].coords["flow"].dtype.kind == "U"
    assert (tmp_path / "tree.nc").stat().st_size < tree["posterior/level"].nbytes / 2


def test_a_read_file_is_free_to_be_replaced(tree, tmp_path):
    path = tmp_path / "tree.nc"
    write_netcdf(tree, path)
    back = read_netcdf(path)
    write_netcdf(back * 2, path)
    xr.testing.assert_equal(read_netcdf(path), tree * 2)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("old")

    def write():
        with whole_file(path) as partial:
            assert (partial.parent, partial.suffix) == (path.parent, path.suffix)
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(StorageError, match="nothing was written"), whole_file(tmp_path / "a"):
        pass


def test_a_missing_folder_is_an_error(tree, tmp_path):
    with pytest.raises(StorageError, match="there is no folder"):
        write_netcdf(tree, tmp_path / "none" / "tree.nc")


def test_what_is_no_netcdf_is_refused(tmp_path):
    path = tmp_path / "tree.nc"
    with pytest.raises(StorageError, match="there is no file"):
        read_netcdf(path)
    path.write_text("no netCDF")
    with pytest.raises(StorageError, match=r"tree\.nc cannot be read as netCDF"):
        read_netcdf(path)


def test_a_digest_is_by_value():
    assert digest({"a": 1, "b": ["é", None]}) == digest({"b": ["é", None], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest([1, 2]) != digest([2, 1])
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(float("nan"))


def test_the_manifest_is_json_and_names_versions():
    made = json.loads(json.dumps(manifest()))
    assert set(made) == {"created", "python", "platform", "packages"}
    assert {"numpy", "xarray"} <= set(made["packages"])


def test_a_digest_of_code_is_of_all_files_of_a_room(monkeypatch, tmp_path):
    room = tmp_path / "model"
    room.mkdir()
    (tmp_path / "one.py").write_text("a = 1")
    (room / "two.py").write_text("b = 2")
    monkeypatch.setattr(storage, "__file__", str(tmp_path / "storage.py"))
    before = source_digest("model", "one.py")
    assert source_digest("model", "one.py") == before
    for file in (room / "two.py", tmp_path / "one.py"):
        earlier = file.read_text()
        file.write_text(f"{earlier}  # other")
        assert source_digest("model", "one.py") != before
        file.write_text(earlier)
