"""The web page.  It contains no data: it fetches what it shows from the HTTP API."""

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache, partial
from html import escape
from pathlib import Path

import azure.functions as func

from shared.apis import APIS
from shared.core.model import Outcome
from shared.version import VERSION

FILES = Path(__file__).with_name("web_page")

#: How the page refers to its files.
STYLE = re.compile(r'<link rel="stylesheet" href="([a-z]+\.css)">')
SCRIPT = re.compile(r'<script src="([a-z]+\.js)"></script>')


def page_response() -> func.HttpResponse:
    """Respond with the page."""
    html, policy = _page()
    return func.HttpResponse(
        html,
        headers={
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",  # for browsers without frame-ancestors
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        },
        mimetype="text/html",
        charset="utf-8",
    )


@cache
def _page() -> tuple[str, str]:
    """Return the page and its Content-Security-Policy; read once per process."""
    html = joined((FILES / "page.html").read_text(encoding="utf-8"))
    html = html.replace("<!-- apis -->", _options(sorted(APIS))).replace("<!-- outcomes -->", _options(Outcome))
    html = html.replace("<!-- version -->", escape(VERSION))
    return html, policy_for(html)


def joined(html: str) -> str:
    """Put its style and its scripts into the page: it comes in one response, and needs no route for each."""
    for reference, tag in ((STYLE, "style"), (SCRIPT, "script")):
        html = reference.sub(partial(_inline, tag), html)
    return html


def _inline(tag: str, reference: re.Match[str]) -> str:
    return f"<{tag}>\n{(FILES / reference[1]).read_text(encoding='utf-8')}</{tag}>"


def policy_for(html: str) -> str:
    """Allow the page its own style, its own scripts, its icon and calls to its own origin; nothing else.

    Style and scripts are allowed by hash, so injected markup has no effect.  Trusted types, where browsers support
    them, keep scripts from turning text into markup.  An image can only be part of the page, so none tells anybody.
    """
    style, script = (_hashes(re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)) for tag in ("style", "script"))
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {script}",
            f"style-src {style}",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hashes(texts: Iterable[str]) -> str:
    """Hash inline elements (https://www.w3.org/TR/CSP3/#match-element-to-source-list)."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{escape(value)}</option>" for value in values)
