"""``python -m local.parts.leash COMMAND ...``: runs a foreign program, and ends it when its parent process ends.

Our own programs end when their stdin closes, which their parent holds open; Azurite would run for ever.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

from local.parts.stdin import wait_until_stdin_ends


def main(command: list[str]) -> int:
    """Run the program; returns its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        threading.Thread(target=_end_with_stdin, args=(child,), daemon=True).start()
        return child.wait()


def _end_with_stdin(child: subprocess.Popen[bytes]) -> None:
    wait_until_stdin_ends()
    child.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
