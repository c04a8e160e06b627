"""Which module may import which, and what `import mppbayes` may load."""

import subprocess
import sys
from pathlib import Path

from importlinter.cli import lint_imports

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_rooms_import_only_the_rooms_before_them(capsys):
    broken = lint_imports(config_filename=str(PYPROJECT), no_cache=True, no_logo=True)
    assert not broken, capsys.readouterr().out


def test_importing_the_package_loads_no_heavy_library():
    script = "import sys, mppbayes; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "mppbayes" in loaded
    assert not {"pymc", "pytensor", "matplotlib", "arviz", "numba", "jax"} & set(loaded)
