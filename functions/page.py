"""The page for people: one file, which may load nothing and send nothing but to this app."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import azure.functions as func

PAGE = Path(__file__).with_name("page.html")


def page_response() -> func.HttpResponse:
    """Answer with the page."""
    text, policy = _page()
    return func.HttpResponse(
        text,
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
        mimetype="text/html",
        charset="utf-8",
    )


@cache
def _page() -> tuple[str, str]:
    """The page, and the policy that lets its own script and style run, named by their hashes, and nothing else.

    https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    text = PAGE.read_text(encoding="utf-8")
    script, style = (_hashes(text, tag) for tag in ("script", "style"))
    return text, (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


def _hashes(text: str, tag: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in found)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
