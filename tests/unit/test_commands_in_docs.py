"""What README and docs tell somebody to run or send: it parses, and what it names exists."""

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from itwin_job_watch.cli import main as itwin_job_watch
from local.cli import main as local
from local.docs.azure_cli.find import blocks, in_page, parsed
from shared.settings import Settings
from shared.web.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "itwin_job_watch/README.md"]
    if page.name != "CHANGELOG.md"  # what it tells of is past
]
ROUTES = [re.compile(f"{one.method} /api/{re.sub('{id}', '[^/]+', one.path)}") for one in OPERATIONS]
URLS = (["URL…"], ["something"])  # which `watch` starts
READERS = {"json": json.loads, "yaml": yaml.safe_load, "python": lambda code: compile(code, "a block", "exec")}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_each_block_parses(page):
    for language, code in blocks(page.read_text()):
        if language in READERS:
            READERS[language](code)
        else:
            assert language in {"sh", "mermaid", "md", "ini", ""}, (
                f"nobody reads {language}"
            )  # "": what a program prints
            assert language != "sh" or not parsed(code).has_error, code


@pytest.fixture(autouse=True)
def nothing_is_installed(monkeypatch):
    """A program behind a command must not replace this process when the requirements have changed."""
    monkeypatch.setattr("local.cli.enter_environment", lambda *_, **__: None)


@each_page
def test_each_local_command_exists_with_its_options(page):
    for program, module, name, *arguments in ([*line, "", "", ""] for line in in_page(page.read_text(), "python3")):
        if (program, module) == ("-m", "local") and name:
            assert name in local.commands, name
            if name == "watch":
                exists(itwin_job_watch, ["start", *arguments] if arguments[:1] in URLS else arguments)
            elif name != "test":  # whose arguments are those of pytest
                exists(local.commands[name], arguments)


@each_page
def test_each_line_of_the_command_line_exists_with_its_options(page):
    for arguments in in_page(page.read_text(), "itwin-job-watch"):
        exists(itwin_job_watch, arguments)


def exists(command, arguments):
    """A help that is asked for last is printed if all before it is known."""
    asked = CliRunner().invoke(command, [*filter(None, arguments), "--help"])

    assert (asked.exit_code, asked.output[:6]) == (0, "Usage:"), f"{arguments}\n{asked.output}"


@each_page
def test_each_request_is_one_that_the_app_serves(page):
    for arguments in in_page(page.read_text(), "curl"):
        for url in arguments:
            if path := re.match(r"something(/api/[^?]*)", url):
                posts = {"-d", "--data"} & {*arguments}
                method = arguments[arguments.index("-X") + 1] if "-X" in arguments else "POST" if posts else "GET"
                assert any(route.fullmatch(f"{method} {path[1]}") for route in ROUTES), arguments


SET = re.compile(r"(?:^|[\s;&(])([A-Z][A-Z_]+)=|\bread -rs ([A-Z_]+)")
USED = re.compile(r"\$\{?([A-Z][A-Z_]+)")
MEANINGS = dict(re.findall(r"^\| `\$(\w+)` \| (.+) \|$", (ROOT / "docs/README.md").read_text(), re.MULTILINE))
#: Those that a program reads: their meaning is told where its settings are.
READ = {field.alias for field in Settings.model_fields.values()} | {"ALERT_EMAIL", "READER_PRINCIPAL_ID", "HEALTH_KEY"}


def test_each_variable_has_one_meaning():
    assert [*MEANINGS] == sorted(MEANINGS)


@each_page
def test_each_variable_has_a_value_and_its_meaning(page):
    """The page sets it before it is used, or says what `$NAME` is."""
    told = set(re.findall(r"`\$([A-Z_]+)`", page.read_text()))
    for script in (code for language, code in blocks(page.read_text()) if language == "sh"):
        given = {"".join(names) for names in SET.findall(script)}
        ours = {name for name in given | {*USED.findall(script)} if not name.startswith("ITWIN_JOB_WATCH_")}
        told |= given
        assert set(USED.findall(script)) <= told, script
        assert ours <= MEANINGS.keys() | READ, script
