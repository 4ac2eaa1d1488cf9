"""The commands of ``python3 -m local``.  Each installs what it needs when it is first used, and imports it then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from local.parts.processes import DidNotStartError
from local.serve.command import serve
from local.serve.watching import name_the_app
from local.setup import groups
from local.setup.bootstrap import ROOT, enter_environment

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


def _handing_on(function: Callable[..., None]) -> click.Command:
    """Add a command whose options are those of a program behind it."""
    command = main.command(
        context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
    )
    return command(click.argument("arguments", nargs=-1, type=click.UNPROCESSED)(function))


@main.command()
def run() -> None:
    """Watch simulated jobs of every API to their end, and check the outcome of each."""
    enter_environment(groups.APP, azurite=True)
    from local.trials.run import run as watch_the_scenario

    watch_the_scenario(CONSOLE)


@main.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.option("--quick", "extent", flag_value="quick", help="Skip slow tests: four minutes instead of fifteen.")
@click.option("--thorough", "extent", flag_value="thorough", help="Also the tests that try the tests, and long trials.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(*, extent: str | None, arguments: tuple[str, ...]) -> None:
    """Run the tests, several files in parallel; further arguments go to pytest, and files among them are run whole."""
    enter_environment(groups.TEST, azurite=True)
    names_files = any(not argument.startswith("-") for argument in arguments)
    which = [] if names_files or extent == "thorough" else ["-m", "not thorough"]
    which = ["-m", "not slow"] if extent == "quick" else which
    which += ["--hypothesis-profile", "thorough"] if extent == "thorough" else []
    if not names_files:  # they mostly wait; in the order of tests/conftest.py
        which += ["--numprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", *which, *arguments], cwd=ROOT))


@main.command()
@click.option("--watches", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--kills", type=click.IntRange(min=0), default=5, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Determines what happens, and roughly when.")
def chaos(watches: int, kills: int, seed: int) -> None:
    """Break everything while many watches run, and check that none is lost."""
    enter_environment(groups.APP, azurite=True)
    from local.trials.chaos import chaos as cause_chaos

    cause_chaos(CONSOLE, watches, kills, seed)


@main.command()
def docs() -> None:
    """Regenerate the tables in docs/apis, and the names that the command line completes, from shared/apis."""
    enter_environment(groups.APP)
    from local.docs.api_names import write as write_names
    from local.docs.api_pages import write as write_docs

    for page in [*write_docs(), *write_names()]:
        CONSOLE.print(f"{page.relative_to(ROOT)} written", highlight=False)


@main.command()
def pictures() -> None:
    """Draw the workbook's charts in docs/operate.md from a run on this machine."""
    enter_environment(groups.DRAW, azurite=True)
    from local.docs.charts import pictures as draw

    draw(CONSOLE)


@main.command()
def screenshots() -> None:
    """Take the screenshots in docs/pictures; needs Chromium and chromedriver."""
    enter_environment(groups.DRAW, azurite=True)
    from local.docs.screenshots import screenshots as take

    take(CONSOLE)


@main.command()
@click.option("--az", is_flag=True, help="Check the commands of `az` in docs and scripts instead; installs azure-cli.")
def check(*, az: bool) -> None:
    """Check lint, formatting, types and imports, as CI does besides the tests."""
    enter_environment(groups.CHECK)
    if az:
        from local.docs.azure_cli.check import check_all

        sys.exit(check_all(CONSOLE))
    tools = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    commands = [[sys.executable, "-m", *tool] for tool in tools]
    commands += [[str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]]
    sys.exit(max(subprocess.call(command, cwd=ROOT) for command in commands))


@main.command()
def storage() -> None:
    """Run Azurite with the app's queues and tables until Ctrl-C, where `func start` looks for it."""
    enter_environment(groups.APP, azurite=True)
    from local.parts.storage import keep_running

    keep_running(CONSOLE)


@main.command()
def constraints() -> None:
    """Renew constraints.txt: the versions that run in Azure, and in the tests."""
    from local.setup.constraints import renew

    renew()


@_handing_on
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of the `serve` that is meant.")
def watch(data: Path | None, arguments: tuple[str, ...]) -> None:
    """Start, list, show, wait for and stop watches; bare URLs are started and waited for.

    Uses the app that `serve` runs here, unless --url and --key name another; `webhooks` its platform.
    """
    from itwin_job_watch.cli import main as watch_jobs

    if arguments and arguments[0].startswith(("http://", "https://")):
        arguments = ("start", "--wait", *arguments)
    name_the_app(os.environ, data, arguments)
    watch_jobs.main([*arguments], prog_name="python3 -m local watch")


@_handing_on
def simulator(arguments: tuple[str, ...]) -> None:
    """Run the simulated iTwin Platform alone."""
    enter_environment(groups.SIMULATOR)
    from local.simulator.__main__ import simulator as simulate

    simulate.main([*arguments], prog_name="python3 -m local simulator")


@_handing_on
def plan(arguments: tuple[str, ...]) -> None:
    """Say what so many watches would do and cost, in virtual time."""
    enter_environment(groups.PLAN)
    from local.plan.command import plan as make_plan

    make_plan.main([*arguments], prog_name="python3 -m local plan")


@_handing_on
def bench(arguments: tuple[str, ...]) -> None:
    """Measure the app on this machine, with the benchmarks that are named."""
    enter_environment(groups.DRAW, azurite=True)
    from local.bench.command import bench as measure

    measure.main([*arguments], prog_name="python3 -m local bench")


@_handing_on
def api(arguments: tuple[str, ...]) -> None:
    """Write the files of a new API, and say what they lack."""
    enter_environment(groups.CHECK)
    from local.api.command import api as add

    add.main([*arguments], prog_name="python3 -m local api")


main.add_command(serve)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
