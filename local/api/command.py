"""``python3 -m local api``: options in, files out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from local.api.missing import missing as lacks
from local.api.new import write
from local.api.plan import MEANINGS, Plan, UnfitError
from local.setup.bootstrap import ROOT
from shared.apis import APIS
from shared.core.nearest import nearest

NEXT = """
Next, with the page beside you:
  1. {value}: what the page says besides; each number with its words.
  2. {exchanges}: the bodies of the page's examples.
  3. {simulator}: from the page again; and its Kind in tests/integration/simulator/family.py.
     Its family may have a file already: move it there.  What begins a job has a row in BEGINS of test_starts.py there.
  4. local/trials/scenario: a job of it, in the file of its family.
  5. python3 -m local docs, whenever the value has changed; then the rest of {page}.
  6. docs/apis.md: a row.  README.md: its name under APIs.  CHANGELOG.md: a line.  docs/not-watched.md: no row any more.
What is left:     python3 -m local api missing {name}
What is wrong:    python3 -m local test tests/unit tests/contract tests/integration/simulator
                  python3 -m local check
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def api() -> None:
    """Add an API whose jobs can be watched: see CONTRIBUTING.md."""


@api.command()
@click.argument("name")
@click.option("--path", required=True, help="Of the status, as on its page: /imodels/{iModelId}/operations/create")
@click.option("--status-at", required=True, metavar="PLACE", help="Where the status word is: job.status")
@click.option("--source", required=True, metavar="URL", help="Its page: https://developer.bentley.com/apis/…")
@click.option(
    "--word", "words", multiple=True, metavar="WORD=MEANING", help=f"Of each status word: {', '.join(MEANINGS)}."
)
@click.option("--id", "ids", multiple=True, help="Of the page's example, in the order of the path.")
@click.option("--version", type=click.IntRange(1, 99), help="In `Accept`.  Default: that of the page's URL, or 1.")
@click.option("--like", metavar="NAME", default="", help="An API that has the same further fields.")
def new(
    *,
    name: str,
    path: str,
    status_at: str,
    source: str,
    words: Sequence[str],
    ids: Sequence[str],
    version: int | None,
    like: str,
) -> None:
    """Write the files of a new API, with a TODO wherever its page must be read."""
    given = dict(map(_word, words))
    plan = Plan(
        name=name, path=path, status_at=status_at, source=source, given=given, ids=ids, like=like, number=version
    )
    try:
        files = write(plan, ROOT)
    except UnfitError as error:
        raise click.ClickException(f"{error}.") from error
    for file in files:
        click.echo(f"{file} written")
    value, simulator = (f"{folder}/{plan.module}.py" for folder in ("shared/apis", "local/simulator/apis"))
    recorded, page = f"tests/contract/exchanges/{name}.json", f"docs/apis/{name}.md"
    click.echo(NEXT.format(value=value, exchanges=recorded, simulator=simulator, page=page, name=name).rstrip())


@api.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
def missing(names: Sequence[str]) -> None:
    """Say what an API lacks, one thing a line.  Default: all APIs."""
    for name in names:
        if name not in APIS:
            raise click.UsageError(f"no API is called {name}; most like it: {nearest(name, APIS)}")
    lines = [line for name in names or APIS for line in lacks(APIS[name])]
    click.echo("\n".join(lines) or "nothing")
    if lines:
        raise SystemExit(1)


def _word(text: str) -> tuple[str, str]:
    word, _, meaning = text.partition("=")
    if meaning not in MEANINGS or not word:
        raise click.BadParameter(f"{text}: write WORD=MEANING, with one of {', '.join(MEANINGS)}", param_hint="--word")
    return word, meaning
