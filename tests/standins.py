"""Programs on the PATH that stand in for others: they record what they are called with, and answer as they are told."""

import json
import os
import sys
from pathlib import Path

PROGRAM = """#!{python}
import json, sys
from pathlib import Path

folder, name, arguments = Path({folder!r}), {name!r}, sys.argv[1:]
taken = sys.stdin.read() if {{"/dev/stdin", "-K"}} & {{*arguments}} else None
with (folder / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps([name, arguments, taken]) + "\\n")
command = " ".join([name, *arguments])
answers = json.loads((folder / "answers.json").read_text())
for start, left in answers.items():
    if command.startswith(start):
        status, said = left[0]
        if len(left) > 1:  # at once, since the programs of a pipe run side by side
            del left[0]
            (folder / f"{name}.json").write_text(json.dumps(answers))
            (folder / f"{name}.json").replace(folder / "answers.json")
        print(said, file=sys.stderr if status else sys.stdout)
        sys.exit(status)
"""


class StandIns:
    """A folder of such programs."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        for name in names:
            program = folder / name
            program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder), name=name))
            program.chmod(0o755)
        self.answer({})

    def answer(self, answers: dict[str, list[tuple[int, str]]]) -> None:
        """Give exit statuses and words by how a command begins: one after the other, and the last one from then on."""
        (self.folder / "answers.json").write_text(json.dumps(answers))

    @property
    def path(self) -> str:
        """The PATH that has them first."""
        return f"{self.folder}{os.pathsep}{os.defpath}"

    @property
    def calls(self) -> list[str]:
        """The commands so far."""
        return [" ".join([name, *arguments]) for name, arguments, _ in self._all()]

    @property
    def taken(self) -> list[str]:
        """What was given through a pipe."""
        return [taken for _, _, taken in self._all() if taken is not None]

    def _all(self) -> list[tuple[str, list[str], str | None]]:
        calls = self.folder / "calls.jsonl"
        return [tuple(json.loads(line)) for line in calls.read_text().splitlines()] if calls.exists() else []
