"""The README says what is true: its tables are held against the code."""

import re
from pathlib import Path

import pytest

from shared.apis import APIS
from shared.model import Outcome
from shared.problems import KINDS
from shared.settings import Settings, polling_setting

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


def test_it_lists_every_problem_with_its_status():
    listed = [(quoted(row[0])[0], int(row[1])) for row in table("Problems")]

    assert sorted(listed) == sorted((name, kind.status) for name, kind in KINDS.items())


def test_it_says_of_every_problem_what_to_do():
    assert all(len(row) == 4 and row[2] and row[3] for row in table("Problems"))


def test_it_lists_every_outcome_and_no_other():
    assert [quoted(row[0])[0] for row in table("Outcomes")] == [outcome.value for outcome in Outcome]


def test_it_lists_every_api_with_its_fields_and_path():
    rows = [row for row in table("Start a watch") if len(row) == 3]

    assert [(quoted(api)[0], tuple(quoted(fields)), quoted(path)[0]) for api, fields, path in rows] == [
        (api.name, api.fields, api.path) for api in APIS.values()
    ]
