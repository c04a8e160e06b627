"""Show on a gallery page the figure that a block of an example ends with."""

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

_SHOWN = "shown"


def figures(block: Any, variables: dict[str, Any], conf: dict[str, Any]) -> str:
    """Save the value of a block's last expression if it is a figure, which pyplot does not know."""
    last = variables["example_globals"].get("___")
    if not isinstance(last, Figure) or last.get_gid() == _SHOWN:
        return ""
    last.set_gid(_SHOWN)
    path = next(variables["image_path_iterator"])
    last.savefig(path, dpi=150)
    return str(figure_rst([path], conf["src_dir"]))
