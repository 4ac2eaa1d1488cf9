"""The commands of ``python3 -m local``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from itwin_job_watch.cli import main as watch_jobs
from local.bench.command import bench
from local.docs.api_names import write as write_names
from local.docs.api_pages import write as write_docs
from local.docs.screenshots import screenshots as take_screenshots
from local.parts.processes import DidNotStartError
from local.parts.stack import CLIENT_ID, CLIENT_SECRET
from local.plan.command import plan
from local.setup.bootstrap import ROOT
from local.simulator.__main__ import simulator
from local.trials.chaos import chaos as cause_chaos
from local.trials.run import run as watch_the_scenario
from local.trials.serve import SERVING
from local.trials.serve import serve as keep_serving

CONSOLE = Console()


class _Commands(click.Group):
    """Reports what did not start, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DidNotStartError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run and test the app on this machine, without an Azure account."""
    # A closed terminal or a `kill` must stop the parts like Ctrl-C.
    for name in {"SIGTERM", "SIGHUP"} & set(dir(signal)):
        signal.signal(getattr(signal, name), _interrupt)


@main.command()
def run() -> None:
    """Watch simulated jobs of every API to their end, and check the outcome of each."""
    watch_the_scenario(CONSOLE)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the app.  Default: any free port.")
def serve(port: int | None) -> None:
    """Run everything until Ctrl-C, and print how to use it."""
    keep_serving(CONSOLE, port)


@main.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.option("--quick", is_flag=True, help="Skip slow tests: two minutes instead of ten.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(*, quick: bool, arguments: tuple[str, ...]) -> None:
    """Run the tests; further arguments go to pytest.  Default: all tests, several files in parallel."""
    which = ["-m", "not slow"] if quick else []
    if not any(not argument.startswith("-") for argument in arguments):
        which += ["--numprocesses", "3", "--dist", "loadfile"]  # they mostly wait
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", *which, *arguments], cwd=ROOT))


@main.command()
@click.option("--watches", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--kills", type=click.IntRange(min=0), default=5, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Determines what happens, and roughly when.")
def chaos(watches: int, kills: int, seed: int) -> None:
    """Break everything while many watches run, and check that none is lost."""
    cause_chaos(CONSOLE, watches, kills, seed)


@main.command()
def docs() -> None:
    """Regenerate the tables in docs/apis, and the names that the command line completes, from shared/apis."""
    for page in [*write_docs(), *write_names()]:
        CONSOLE.print(f"{page.relative_to(ROOT)} written", highlight=False)


@main.command()
def pictures() -> None:
    """Draw the workbook's charts in docs/operate.md from a run on this machine."""
    from local.docs.charts import pictures as draw  # noqa: PLC0415 -- matplotlib is slow to import

    draw(CONSOLE)


@main.command()
def screenshots() -> None:
    """Take the screenshots in docs/pictures; needs Chromium and chromedriver."""
    take_screenshots(CONSOLE)


@main.command()
@click.option("--az", is_flag=True, help="Check the commands of `az` in docs and scripts instead; installs azure-cli.")
def check(*, az: bool) -> None:
    """Check lint, formatting, types and imports, as CI does besides the tests."""
    if az:
        from local.docs.azure_cli.check import check_all  # noqa: PLC0415 -- needs what nothing else does

        sys.exit(check_all(CONSOLE))
    tools = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    commands = [[sys.executable, "-m", *tool] for tool in tools]
    commands += [[str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]]
    sys.exit(max(subprocess.call(command, cwd=ROOT) for command in commands))


@main.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def watch(arguments: tuple[str, ...]) -> None:
    """Start, list, show, wait for and stop watches; bare URLs are started and waited for.

    Uses the app that `serve` runs here, unless --url and --key name another; `webhooks` its simulated platform.
    """
    if arguments and arguments[0].startswith(("http://", "https://")):
        arguments = ("start", "--wait", *arguments)
    serving = json.loads(SERVING.read_text()) if SERVING.exists() else {}
    defaults = _connection(**serving) if serving else {}
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    watch_jobs.main([*arguments], prog_name="python3 -m local watch")


def _connection(*, url: str, key: str, platform: str) -> dict[str, str]:
    """Return the variables that the command line reads, for the app and the platform that `serve` runs."""
    return {
        "ITWIN_JOB_WATCH_URL": url,
        "ITWIN_JOB_WATCH_KEY": key,
        "ITWIN_JOB_WATCH_EVENTS_URL": f"{url}/api/events?code={key}",
        "ITWIN_API_URL": platform,
        "ITWIN_TOKEN_URL": f"{platform}/connect/token",
        "ITWIN_CLIENT_ID": CLIENT_ID,
        "ITWIN_CLIENT_SECRET": CLIENT_SECRET,
    }


main.add_command(bench)
main.add_command(plan)
main.add_command(simulator)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
