"""The command line: ``mppbayes COMMAND``."""

import sys

from mppbayes.cli.commands import app
from mppbayes.errors import GateError, MppbayesError

DONE, WITHHELD, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main() -> None:
    """Run the command line: 0 done, 1 withheld by the gate, 2 bad input, without a traceback."""
    try:
        app()
    except GateError as error:
        _leave(error, WITHHELD)
    except MppbayesError as error:
        _leave(error, BAD_INPUT)
    except KeyboardInterrupt:
        _leave("interrupted; nothing was written", INTERRUPTED)


def _leave(message: object, status: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(status)
