"""The command line: ``mppbayes COMMAND``."""

import sys

from mppbayes.cli.commands import app
from mppbayes.errors import GateError, MppbayesError

DONE, WITHHELD, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main() -> None:
    """Run the command line, without a traceback.

    It ends with 0 when done, 1 if the gate withheld the figures, 2 for bad input, and 130, which
    Typer makes of an interrupt that sampling did not take, if interrupted.
    """
    try:
        app()
    except GateError as error:
        _leave(error, WITHHELD)
    except MppbayesError as error:
        _leave(error, BAD_INPUT)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            _leave("interrupted; nothing was written", INTERRUPTED)
        raise


def _leave(message: object, status: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(status)
