"""What needs no app: help, the version, what is refused at once, and what a shell completes."""

import pytest
from click import Group
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from itwin_job_watch.api_names import API_NAMES
from itwin_job_watch.cli import OUTCOMES, main
from itwin_job_watch.version import VERSION
from local.docs.api_names import MODULE, module
from shared.apis import APIS

NAME = "itwin-job-watch"
NO_APP = {"ITWIN_JOB_WATCH_URL": None, "ITWIN_JOB_WATCH_KEY": None, "ITWIN_JOB_WATCH_TOKEN": None}


def invoke(*arguments):
    return CliRunner().invoke(main, arguments, prog_name=NAME, env=NO_APP)


def commands(group=main, *path):
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, Group):
            yield from commands(command, *path, name)


@pytest.mark.parametrize("command", [(), *commands()], ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_needs_no_app(command, flag):
    done = invoke(*command, flag)

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {' '.join([NAME, *command])} ")


def test_without_arguments_it_shows_its_help():
    assert (invoke().exit_code, invoke().stderr, invoke().stdout) == (0, "", invoke("--help").stdout)


def test_it_says_its_version():
    assert invoke("--version").stdout == f"{NAME} {VERSION}\n"


@pytest.mark.parametrize("command", ["list", "show x", "wait x", "stop x", "restart x", "start https://a/1"])
def test_what_needs_an_app_says_how_to_name_it(command):
    done = invoke(*command.split())

    assert done.exit_code == 2
    assert "Name the app: --url and --key, or ITWIN_JOB_WATCH_URL and ITWIN_JOB_WATCH_KEY." in done.stderr


@pytest.mark.parametrize("empty", ["", " ", "\n"])
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("show",), "WATCH"),
        (("wait", "a"), "WATCH..."),
        (("stop",), "WATCH..."),
        (("restart",), "WATCH..."),
        (("start",), "URL..."),
        (("start", "x", "--label"), "--label"),
        (("start", "x", "--deadline"), "--deadline"),
        (("start", "x", "--callback"), "--callback"),
        (("start", "-", "--api"), "--api"),
        (("restart", "x", "--deadline"), "--deadline"),
        (("list", "--label"), "--label"),
        (("list", "--api"), "--api"),
        (("webhooks", "create", "--itwin"), "--itwin"),
        (("webhooks", "create", "--itwin", "x", "--event"), "--event"),
        (("webhooks", "list", "--itwin"), "--itwin"),
        (("webhooks", "delete"), "[WEBHOOK...]"),
    ],
    ids=str,
)
def test_what_is_empty_is_refused(arguments, named, empty):
    done = invoke(*arguments, empty)

    assert done.exit_code == 2
    assert f"Error: Invalid value for '{named}': it is empty." in done.stderr


def completed(*words):
    """What the last word may be."""
    *before, incomplete = words
    found = ShellComplete(main, {}, NAME, "_X").get_completions([*before], incomplete)
    return [one.value for one in found]


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (["re"], ["restart"]),
        (["webhooks", "ch"], ["check"]),
        (["wait", "--time"], ["--timeout"]),
        (["list", "--api", ""], [*API_NAMES]),
        (["list", "--api", "sched"], ["schedules"]),
        (["start", "--api", "sched"], ["schedules"]),
        (["list", "--outcome", ""], OUTCOMES),
        (["list", "--state", "w"], ["watching"]),
    ],
)
def test_a_shell_completes_it_without_an_app(monkeypatch, words, choices):
    for name in NO_APP:
        monkeypatch.delenv(name, raising=False)

    assert completed(*words) == choices


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_gives_each_shell_a_script(shell):
    """Of `click`, for the variable that docs/cli.md names."""
    done = CliRunner().invoke(main, prog_name=NAME, env=NO_APP | {"_ITWIN_JOB_WATCH_COMPLETE": f"{shell}_source"})

    assert done.exit_code == 0
    assert f"_ITWIN_JOB_WATCH_COMPLETE={shell}_complete" in done.stdout


def test_the_names_are_those_of_all_apis():
    assert set(API_NAMES) == {*APIS}, "run: python3 -m local docs"
    assert MODULE.read_text(encoding="utf-8") == module(), "run: python3 -m local docs"
