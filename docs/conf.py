"""Sphinx: Markdown pages, the API from its docstrings, the examples executed. No network."""

import importlib.metadata
import logging
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))  # for returned.py

project = "mppbayes"
author = "The mppbayes contributors"
release = version = importlib.metadata.version("mppbayes")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"mppbayes {release}"
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
numpydoc_show_class_members = False

logging.getLogger("pytensor").setLevel(logging.WARNING)  # else it chats while autodoc imports it

# Every script in examples/ becomes a page. Those that need nothing but the package are executed,
# and the page holds what they printed and drew; one that fails fails the build.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "generated/examples",
    "filename_pattern": r"(first_forecast|small_chain|whole_paths|wrong_inputs)\.py$",
    "abort_on_example_error": True,
    "image_scrapers": ("matplotlib", "returned.figures"),
    "ignore_repr_types": r"matplotlib\.figure",
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}


def setup(app: Sphinx) -> None:
    """Write formulas as MathML, which browsers show on their own: a script would be fetched."""
    app.add_html_math_renderer("mathml", (_within_a_line, None), (_apart, None))


def _within_a_line(page: Any, formula: nodes.math) -> None:
    page.body.append(tex2mathml(formula.astext()))
    raise nodes.SkipNode


def _apart(page: Any, formula: nodes.math_block) -> None:
    block = tex2mathml(formula.astext(), as_block=True)
    page.body.append(f'<div style="overflow-x: auto; padding: 0.5em 0">{block}</div>')
    raise nodes.SkipNode
