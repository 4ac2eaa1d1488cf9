"""``python -m local.parts.leash COMMAND ...``: runs a foreign program, and ends it when its parent process ends.

Our own programs end when their stdin closes, which their parent holds open; Azurite would run for ever.
"""

from __future__ import annotations

import signal
import subprocess
import sys

from local.parts.stdin import at_end_of_stdin


def main(command: list[str]) -> int:
    """Run the program; returns its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        at_end_of_stdin(child.terminate)
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
