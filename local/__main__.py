"""``python3 -m local``: installs what every command needs, then continues with that."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- users may have an older one
    sys.exit(f"This needs Python 3.11 or newer; this is Python {sys.version_info[0]}.{sys.version_info[1]}.")

from local.setup import bootstrap, groups

if __name__ == "__main__":
    bootstrap.enter_environment(groups.WATCH)

    from local import cli  # only here: it needs the packages of the environment

    cli.main(prog_name="python3 -m local")
