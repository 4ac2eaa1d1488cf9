"""The README says what is true: its tables are held against the code."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from local import docs
from shared.apis import APIS
from shared.model import Outcome
from shared.settings import Settings, polling_setting
from shared.traffic import budget, spacing

README = (Path(__file__).parent.parent.parent / "README.md").read_text()
SETTINGS = {field.alias: field for field in Settings.model_fields.values() if field.alias}


def table(heading):
    """The cells of the table below a heading, as the text between backticks, or all of it."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_it_lists_every_setting_and_no_other():
    listed = [name for row in table("Settings") for name in quoted(row[0])]

    assert sorted(listed) == sorted([*SETTINGS, *map(polling_setting, APIS)])


@pytest.mark.parametrize(("cells", "default", "_"), table("Settings"))
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


def test_it_lists_every_outcome_and_no_other():
    assert [quoted(row[0])[0] for row in table("Outcomes")] == [outcome.value for outcome in Outcome]


def test_it_lists_every_api_with_its_fields_and_path():
    rows = [row for row in table("Start a watch") if len(row) == 3]

    assert [(quoted(api)[0], tuple(quoted(fields)), quoted(path)[0]) for api, fields, path in rows] == [
        (api.name, api.fields, api.path) for api in APIS.values()
    ]


def test_the_table_of_rate_limits_is_what_the_watches_do():
    limits = {
        "500 a minute": budget(500, None),
        "5,000 an hour": budget(None, 5000),
        "5,000 a minute": budget(5000, None),
    }
    lines = README.split("\n## Rate limits\n")[1].split("\n## ")[0].splitlines()
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]

    assert header[1:] == [*limits]
    for watches, *spacings in rows:
        for limit, said in zip(header[1:], spacings, strict=True):
            exact = spacing(int(watches.replace(",", "")), limits[limit]).total_seconds()
            assert span(said) == pytest.approx(exact, rel=0.03)


def span(text):
    """Seconds, of a text such as "2 h 13 min"."""
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+) (h|min|s)", text))


each_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)


@each_api
def test_the_page_of_an_api_is_what_its_data_says(api):
    page = (docs.FOLDER / f"{api.name}.md").read_text()

    assert page == docs.renewed(page, api), "python3 -m local docs writes it anew"


@each_api
def test_the_page_of_an_api_was_finished_by_hand(api):
    page = (docs.FOLDER / f"{api.name}.md").read_text()

    assert docs.TO_BE_WRITTEN not in page
    assert [chapter for chapter in docs.CHAPTERS if f"\n## {chapter}\n" not in page] == []
    assert f"docs/apis/{api.name}.md" in README


def test_there_is_a_page_for_each_api_and_no_other():
    assert {page.stem for page in docs.FOLDER.glob("*.md")} == set(APIS)


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
