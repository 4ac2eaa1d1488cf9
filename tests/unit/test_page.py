"""The page: what it is sent with, and what it must not contain.  How it behaves is in tests/e2e/page."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from functions.support.page import joined, page_response, policy_for
from shared.apis import APIS
from shared.core.model import Outcome
from shared.version import VERSION

FILES = Path(__file__).parents[2] / "functions" / "support" / "web_page"


@pytest.fixture(scope="module")
def answer():
    return page_response()


@pytest.fixture(scope="module")
def html(answer):
    return answer.get_body().decode()


@pytest.fixture
def policy(answer):
    directives = (directive.partition(" ") for directive in answer.headers["content-security-policy"].split("; "))
    return {name: value for name, _, value in directives}


class Elements(HTMLParser):
    """Every element's name and attributes, and the text of those that hold code."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.code: dict[str, list[str]] = {"style": [], "script": []}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag in self.code:
            self.code[tag].append("")

    def handle_data(self, data):
        if self.cdata_elem:  # between the tags of a style or script
            self.code[self.cdata_elem][-1] += data


def test_it_is_html_that_no_cache_keeps(answer):
    assert answer.status_code == 200
    assert (answer.mimetype, answer.charset) == ("text/html", "utf-8")
    assert answer.headers["cache-control"] == "no-store"


def test_nothing_is_guessed_and_nothing_told(answer):
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"


def test_the_policy_allows_its_own_calls_and_no_more(policy):
    hashes = {name: policy.pop(name) for name in ("script-src", "style-src")}

    assert policy == {
        "default-src": "'none'",
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert all(
        re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", value) for each in hashes.values() for value in each.split()
    )


@pytest.mark.parametrize("tag", ["style", "script"])
def test_each_style_and_script_has_its_hash_in_the_policy_and_no_other_has(html, policy, tag):
    code = Elements(html).code[tag]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code]

    assert policy[f"{tag}-src"].split() == [f"'sha256-{digest}'" for digest in digests]


@pytest.mark.parametrize(("tag", "kind"), [("style", "css"), ("script", "js")])
def test_every_file_of_the_page_is_in_it(html, tag, kind):
    assert sorted(text.strip() for text in Elements(html).code[tag]) == sorted(
        file.read_text(encoding="utf-8").strip() for file in FILES.glob(f"*.{kind}")
    )


def test_a_file_that_is_not_there_is_noticed():
    with pytest.raises(FileNotFoundError):
        joined('<script src="missing.js"></script>')


def test_another_script_has_another_policy():
    assert policy_for("<style></style><script>1</script>") != policy_for("<style></style><script>2</script>")


def test_it_refers_to_nothing_outside(html):
    elements = Elements(html).found

    references = [(tag, attributes[name]) for tag, attributes in elements for name in ("src", "href", "action")
                  if name in attributes]  # fmt: skip
    assert [(tag, value.partition(",")[0]) for tag, value in references] == [("link", "data:image/svg+xml")]
    assert {tag for tag, _ in elements}.isdisjoint({"img", "iframe", "object", "base"})
    assert set(re.findall(r"https?://[^\s\"'<]*", html)) == {
        "https://api.bentley.com/…",  # an example, in a field
        "http://www.w3.org/2000/svg",  # what SVG is called
    }
    assert not re.search(r"@import|url\(", html)


def test_it_says_which_version_it_is(html):
    assert f"Version {VERSION}." in html


def test_nothing_on_it_is_inline_or_sent_by_itself(html):
    elements = Elements(html).found

    assert [name for _, attributes in elements for name in attributes if name == "style" or name.startswith("on")] == []
    assert [attributes["id"] for tag, attributes in elements if tag == "input" and "name" in attributes] == []


@pytest.mark.parametrize(
    "forbidden",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "setHTML", "DOMParser",
     "createContextualFragment", "localStorage", "document.cookie", "code="],
)  # fmt: skip
def test_text_stays_text_and_the_key_in_its_session(html, forbidden):
    assert forbidden not in html


def test_one_can_choose_every_api_and_every_outcome(html):
    choices = {id_: re.findall(r"<option[^>]*>([^<]*)", rest) for id_, rest in
               re.findall(r'<select id="(\w+)">(.*?)</select>', html)}  # fmt: skip

    assert choices["api"] == ["any", *sorted(APIS)]  # so that one finds its name among many
    assert choices["outcome"] == ["any", *Outcome]
    assert choices["state"] == ["any", "watching", "failing", "ended"]


def test_every_outcome_has_its_colours(html):
    (style,) = Elements(html).code["style"]

    assert [word for word in [*Outcome, "failing"] if not re.search(rf"\.{word}\b[^}}]*\{{ color", style)] == []


def test_every_field_has_a_label(html):
    without_labels = re.sub(r"<label.*?</label>", "", html, flags=re.DOTALL)

    left = re.findall(r'<(?:input|select|textarea) id="(\w+)"', without_labels)
    assert [id_ for id_ in left if f'<label class="unseen" for="{id_}">' not in html] == []


def test_each_place_for_news_is_there_before_there_is_any(html):
    """A screen reader reads what is put into a live region, but not one that appears with its text."""
    live = {attributes["id"]: attributes for _, attributes in Elements(html).found if "role" in attributes
            and attributes["role"] in {"status", "alert"}}  # fmt: skip

    assert live.keys() == {"trouble", "news", "refused", "paces"}
    assert [id_ for id_, attributes in live.items() if "hidden" in attributes] == []


def test_the_file_has_a_place_for_what_the_code_knows():
    text = (FILES / "page.html").read_text(encoding="utf-8")

    assert [text.count(f"<!-- {what} -->") for what in ("apis", "outcomes", "version")] == [1, 1, 1]
