"""The README and docs say what is true: their tables are held against the code."""

import json
import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import click
import pytest

from local.bench.command import bench
from local.docs import api_pages as docs
from shared.apis import APIS
from shared.core import paths
from shared.core.evidence import Evidence
from shared.core.model import Failing, Outcome
from shared.core.rate_limit import LearnedRate, Reason, budget, spacing
from shared.core.remote import RemoteApi
from shared.core.schedule import Schedule
from shared.settings import Settings, polling_setting
from shared.storage.gates import PARTITION
from shared.web import examples
from shared.web.operations import OPERATIONS
from shared.web.problems import KINDS
from tests.builders import NOON

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
SETTINGS = {field.alias: field for field in Settings.model_fields.values() if field.alias}


def section(page, heading):
    """The text below a heading of a page."""
    return (ROOT / page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]


def table(text):
    """The cells of the rows that begin with a name in backticks."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith(("| `", "| [`"))]
    return [[cell.strip() for cell in row] for row in rows]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


SETTINGS_TABLE = table(section("docs/configuration.md", "Settings"))
PROBLEMS = table(section("docs/http-api.md", "Problems"))
LISTED_APIS = table((DOCS / "apis.md").read_text().partition("\n## ")[0])


def test_it_lists_every_setting_and_no_other():
    listed = [name for row in SETTINGS_TABLE for name in quoted(row[0])]

    assert sorted(listed) == sorted([*SETTINGS, polling_setting("<api>")])


def test_it_says_how_the_setting_of_an_api_is_named():
    (meaning,) = (row[2] for row in SETTINGS_TABLE if quoted(row[0]) == [polling_setting("<api>")])
    example, api = quoted(meaning)[-2:]

    assert api in APIS
    assert "-" in api  # or the example shows nothing
    assert example == polling_setting(api)


@pytest.mark.parametrize(("cells", "default", "_"), SETTINGS_TABLE)
def test_it_says_the_default_of_each_setting(cells, default, _):
    for name in quoted(cells):
        field = SETTINGS.get(name)
        if field is None:
            assert default == ""
        elif field.is_required():
            assert default == "required"
        elif field.default is None:
            assert default == ""
        else:
            assert quoted(default) == [
                f"{field.default:g}" if isinstance(field.default, int | float) else field.default
            ]


def test_it_lists_every_problem_with_its_status():
    listed = [(quoted(row[0])[0], int(row[1])) for row in PROBLEMS]

    assert sorted(listed) == sorted((name, kind.status) for name, kind in KINDS.items())


def test_it_says_of_every_problem_what_to_do():
    assert all(len(row) == 4 and row[2] and row[3] for row in PROBLEMS)


@pytest.mark.parametrize("page", ["README.md", "docs/outcomes.md"])
def test_it_lists_every_outcome_and_no_other(page):
    assert [name for row in table(section(page, "Outcomes")) for name in quoted(row[0])] == [
        outcome.value for outcome in Outcome
    ]


def ids_of(api):
    """The ids of an API's jobs, in the order of its URLs."""
    return list(dict.fromkeys(field for path in api.paths for field in paths.fields(path)))


def test_it_lists_every_api_with_its_ids_and_a_link_to_its_page():
    rows = {quoted(name)[0]: (quoted(ids), name) for name, _, ids, _ in LISTED_APIS}

    assert sorted(quoted(row[0])[0] for row in LISTED_APIS) == sorted(APIS), "docs/apis.md has one row for each API"
    assert {name: ids for name, (ids, _) in rows.items()} == {name: ids_of(api) for name, api in APIS.items()}
    assert {name: link for name, (_, link) in rows.items()} == {name: f"[`{name}`](apis/{name}.md)" for name in APIS}


def test_the_readme_names_every_api_with_a_link_to_its_page():
    named = re.findall(r"\[`([\w-]+)`\]\(docs/apis/\1\.md\)", section("README.md", "APIs"))

    assert named == [quoted(row[0])[0] for row in LISTED_APIS]


def test_the_readme_is_short():
    readme = (ROOT / "README.md").read_bytes()

    assert len(readme.splitlines()) <= 120
    assert len(readme) <= 8 * 1024


def test_most_apis_have_no_event():
    """The README says so, of webhooks."""
    assert sum(api.event is None for api in APIS.values()) > len(APIS) / 2


@pytest.mark.parametrize(
    ("heading", "words"), [("Outcomes", Outcome), ("Why a watch is failing", Failing), ("What limits the rate", Reason)]
)
def test_the_glossary_has_the_words_of_the_code(heading, words):
    assert re.findall(r"`([^`]+)`", section("docs/glossary.md", heading)) == [word.value for word in words]


@pytest.mark.parametrize("page", ["docs/glossary.md", "docs/outcomes.md"])
def test_every_event_is_told_of(page):
    sent = set(re.findall(r'_send\(\s*"(\w+)"', (ROOT / "shared/telemetry/events.py").read_text()))
    text = (ROOT / page).read_text()

    assert len(sent) > 5
    assert [event for event in sorted(sent) if f"`{event}`" not in text] == []


def test_every_benchmark_is_told_of():
    page = (DOCS / "benchmarks.md").read_text()
    (which,) = [one.type for one in bench.params if one.name == "which"]

    assert isinstance(which, click.Choice)
    assert [name for name in which.choices if f"\n| `{name}` |" not in page] == []


def test_the_index_has_every_page():
    index = (DOCS / "README.md").read_text()

    assert [page.name for page in sorted(DOCS.glob("*.md")) if f"| [{page.name}]({page.name}) |" not in index] == [
        "README.md"
    ]


def test_it_says_in_few_words_what_a_job_of_each_api_does():
    assert [row for row in LISTED_APIS if not 10 < len(row[1]) < 45] == [], "between 10 and 45 characters"


def test_an_api_that_is_superseded_names_one_that_is_watched_and_whose_page_says_so():
    for name, _, _, note in LISTED_APIS:
        for newer in quoted(note):
            assert newer in APIS
            assert f"]({newer}.md)" in (docs.FOLDER / f"{quoted(name)[0]}.md").read_text()


def test_it_says_which_apis_are_previews_as_their_pages_do():
    previews = {quoted(name)[0] for name, _, _, note in LISTED_APIS if "preview" in note}
    heads = {page.stem: page.read_text().partition(docs.BEGIN)[0] for page in docs.FOLDER.glob("*.md")}

    stated = {name for name, head in heads.items() if re.search(r"\bis (.* )?a techn\w+ preview", head)}
    assert previews == stated, 'docs/apis.md has "preview" where the page begins with "is a technical preview"'


def test_it_says_of_each_api_when_it_asks():
    (own, _, _), *_ = table(section("docs/apis.md", "When it asks"))
    (default,) = (field.default for field in fields(RemoteApi) if field.name == "polling")

    assert set(quoted(own)) == {name for name, api in APIS.items() if api.polling != default}
    assert {api.polling for api in APIS.values()} == {default, Schedule.seconds(15, 30, 60, 120)}


def leaves(values, *path):
    """Every value of a nested object, by the names on the way to it."""
    if not isinstance(values, dict):
        return {".".join(path): values}
    return {name: value for key, below in values.items() for name, value in leaves(below, *path, key).items()}


def test_it_explains_every_value_of_host_json_and_no_other():
    explained: dict[str, str] = {}
    for names, values, _ in table(section("docs/configuration.md", "host.json")):
        said = quoted(values)
        explained |= dict(zip(quoted(names), said * (len(quoted(names)) // len(said)), strict=True))

    # Categories of further queues' triggers are as those of the first (test_function_app.py).
    written = leaves(json.loads(re.sub(r"\n *\"Function\.\w+_\d+\.User\".*", "", (ROOT / "host.json").read_text())))
    assert explained == {
        name: str(value).lower() if value in {True, False} else str(value) for name, value in written.items()
    }


def test_operating_says_what_to_do_for_every_outcome():
    text = section("docs/operate.md", "What each outcome means, and what to do")

    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [outcome.value for outcome in Outcome]


def test_operating_names_every_alarm():
    alarms = re.findall(r"title: '([^']+)'", (ROOT / "infra/modules/alerts.bicep").read_text())
    text = section("docs/operate.md", "Alarms")

    assert re.findall(r"^\| (?!alarm|---)([^|]+) \|", text, re.MULTILINE) == alarms


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]*)(#[^)\s]+)?\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))

    for path, anchor in links:
        if "://" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        if anchor:
            assert anchor[1:] in {
                slug(heading) for heading in re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            }


def slug(heading):
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [DOCS / "deploy.md", DOCS / "operate.md"])
def test_deploying_names_what_the_template_has(page):
    template = (ROOT / "infra/main.bicep").read_text()
    outputs = set(re.findall(r"^output (\w+)", template, re.MULTILINE))
    parameters = set(re.findall(r"^param (\w+)", template, re.MULTILINE))
    text = page.read_text()

    assert set(re.findall(r"\boutput (\w+Url|\w+Name)\b", text)) <= outputs
    options = text.partition("\n## Options\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", options, re.MULTILINE)
    assert {name for row in rows for name in quoted(row)} <= parameters


@pytest.mark.parametrize("page", [*PAGES, *(ROOT / ".github/workflows").glob("*.yml")], ids=lambda page: page.name)
def test_publishing_names_the_language(page):
    """Core Tools know it only from local.settings.json, which no fresh checkout has, and stop without."""
    commands = re.findall(r"func azure functionapp publish[^\n`]*", re.sub(r"\\\n", " ", page.read_text()))
    told = [one for one in commands if one != "func azure functionapp publish"]  # else it just speaks of the command

    assert [one for one in told if "--python" not in one.split()] == []
    assert told or page not in {DOCS / "deploy.md", ROOT / ".github/workflows/deploy.yml"}


def test_a_secret_is_on_no_command_line():
    for page in PAGES:
        assert not re.search(r"secret set [^|\n]*--value", page.read_text()), page.name


@pytest.mark.parametrize("variable", ["ITWIN_CLIENT_ID", "ALERT_EMAIL", "READER_PRINCIPAL_ID"])
def test_what_is_exported_is_what_the_parameters_read(variable):
    assert f"readEnvironmentVariable('{variable}'" in (ROOT / "infra/main.bicepparam").read_text()
    assert f"{variable}=" in (DOCS / "deploy.md").read_text()


def test_the_table_of_rate_limits_is_what_the_watches_do():
    limits = {
        "500 a minute": budget(500, None),
        "5,000 an hour": budget(None, 5000),
        "5,000 a minute": budget(5000, None),
    }
    page = (ROOT / "docs/rate-limits.md").read_text()
    lines = page.split("\n## The rate\n")[1].split("\n## ")[0].splitlines()
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]

    assert header[1:] == [*limits]
    for watches, *spacings in rows:
        for limit, said in zip(header[1:], spacings, strict=True):
            exact = spacing(int(watches.replace(",", "")), limits[limit]).total_seconds()
            assert span(said) == pytest.approx(exact, rel=0.03)


def test_the_gates_are_shown_as_they_are_answered():
    page = (ROOT / "docs/rate-limits.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)

    assert json.loads(example) == examples.GATES


def test_a_gate_is_lifted_where_it_is_kept():
    page = (ROOT / "docs/rate-limits.md").read_text()
    table, partition, api = re.findall(
        r"--table-name (\w+) --partition-key (\w+) --row-key ([\w-]+)$", page, re.MULTILINE
    )[0]

    assert (table, partition) == (SETTINGS["GATES_TABLE"].default, PARTITION)
    assert api in APIS


def test_the_log_of_gates_says_what_is_told_of_it():
    page = (ROOT / "docs/rate-limits.md").read_text()
    code = "".join((ROOT / "shared" / file).read_text() for file in ("engine/gate.py", "storage/gates.py"))
    logged = set(re.findall(r'"(gate\.\w+) ', code)) | {f"gate.{event}" for event in re.findall(r'_log\("(\w+)"', code)}

    assert set(re.findall(r"`(gate\.\w+)", page)) == logged


def test_it_lists_every_operation():
    page = (DOCS / "http-api.md").read_text()

    assert [one.name for one in OPERATIONS if f"| `{one.method} /api/{one.path}` |" not in page] == []


def test_how_fast_a_rate_rises_is_as_told():
    page = (ROOT / "docs/rate-limits.md").read_text()
    told = re.search(r"After 3 minutes it is ([\d.]+) % higher, after 6 minutes ([\d.]+) %, after 12 twice", page)
    learned = LearnedRate(100, 100, NOON)
    rates = [learned.at(NOON + timedelta(minutes=minutes)) for minutes in (3, 6, 12, 60)]

    assert told
    assert rates == [*(pytest.approx(100 + float(more), abs=0.1) for more in told.groups()), 200, None]


def span(text):
    """Seconds, of a text such as "2 h 13 min"."""
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+) (h|min|s)", text))


with_page = {name: api for name, api in APIS.items() if (docs.FOLDER / f"{name}.md").exists()}
each_api = pytest.mark.parametrize("api", with_page.values(), ids=with_page)  # the last of these finds the others


@each_api
def test_the_page_of_an_api_is_what_its_data_says(api):
    page = (docs.FOLDER / f"{api.name}.md").read_text()

    assert page == docs.renewed(page, api), "python3 -m local docs writes it anew"


@each_api
def test_the_page_of_an_api_was_finished_by_hand(api):
    page = (docs.FOLDER / f"{api.name}.md").read_text()

    assert docs.TO_BE_WRITTEN not in page
    assert [chapter for chapter in docs.CHAPTERS if f"\n## {chapter}\n" not in page] == []


def test_there_is_a_page_for_each_api_and_no_other():
    assert {page.stem for page in docs.FOLDER.glob("*.md")} == set(APIS), "python3 -m local docs creates the missing"


@pytest.mark.parametrize(
    "change", [{"vocabulary": {"New": None}}, {"path": "/x/{jobId}"}, {"conditional": True}, {"progress_at": "a.b"}]
)
def test_a_change_of_the_data_changes_the_page(change):
    api = APIS["access-control"]
    page = (docs.FOLDER / f"{api.name}.md").read_text()

    assert docs.renewed(page, replace(api, **change)) != page


def test_a_page_without_its_marks_is_not_written_over():
    with pytest.raises(ValueError, match="marks"):
        docs.renewed("# by hand", APIS["access-control"])


def test_adding_an_api_explains_each_field_of_one():
    text = section("CONTRIBUTING.md", "Add an API")
    explained = {name for first in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE) for name in quoted(first)}

    assert {field.name for field in fields(RemoteApi)} <= explained
    assert [field.name for field in fields(Evidence) if f"`{field.name}`" not in text] == []
    for file in re.findall(r"`(\w+\.py)`", text):
        assert (ROOT / "shared/apis" / file).exists(), file
