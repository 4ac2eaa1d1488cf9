"""Parses a command of `az` without running it: exits with 77 if it can be parsed, else says what is wrong with it.

Runs in an environment of its own, which has azure-cli.
"""

import sys
from typing import NoReturn

from azure.cli.core import get_default_cli
from knack.events import EVENT_INVOKER_POST_PARSE_ARGS

PARSED = 77


def _stop(*_: object, **__: object) -> NoReturn:
    sys.exit(PARSED)


if __name__ == "__main__":
    cli = get_default_cli()
    cli.register_event(EVENT_INVOKER_POST_PARSE_ARGS, _stop)
    sys.exit(cli.invoke(sys.argv[1:]))
