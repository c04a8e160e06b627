"""``python -m mppbayes``."""

from mppbayes.cli import main

main()
