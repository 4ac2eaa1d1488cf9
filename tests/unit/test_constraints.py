"""What runs in Azure is what the tests run on: each package has one version, in the range that is asked for."""

import re
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")


def requirements(name):
    lines = [re.sub(r"\s*#.*", "", line) for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


WANTED = requirements("requirements.txt")


def pinned(python):
    """The version of each package, on Azure's Linux with this Python."""
    where = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    where |= {"platform_python_implementation": "CPython", "implementation_name": "cpython", "os_name": "posix"}
    fitting = [one for one in requirements("constraints.txt") if one.marker is None or one.marker.evaluate(where)]
    versions = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in fitting}
    assert len(versions) == len(fitting), "a package is named twice"
    return versions


def test_they_are_used():
    assert "-c constraints.txt" in (ROOT / "requirements.txt").read_text().splitlines()
    assert "!/constraints.txt" in (ROOT / ".funcignore").read_text().splitlines()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: wanted.name)
def test_each_is_in_its_range(wanted, python):
    assert wanted.specifier.contains(pinned(python)[canonicalize_name(wanted.name)]), "python3 -m local constraints"


def brought_along():
    """The packages that the wanted ones bring along here, and the wanted ones."""
    left, found = [*WANTED], {}
    while left:
        one = left.pop()
        name = canonicalize_name(one.name)
        if name not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            there = distribution(one.name)
            found[name] = there.version
            left += [Requirement(text) for text in there.requires or ()]
            left += asked_for(one, there)
    return found


def asked_for(one, there):
    """What the extras of a requirement bring along, such as `pyjwt[crypto]`."""
    for text in there.requires or ():
        brought = Requirement(text)
        if any(brought.marker and brought.marker.evaluate({"extra": extra}) for extra in one.extras):
            brought.marker = None
            yield brought


def test_none_is_left_to_the_day_of_the_deployment():
    here = pinned(f"{sys.version_info.major}.{sys.version_info.minor}")

    assert {name: here.get(name) for name in brought_along()} == brought_along()
