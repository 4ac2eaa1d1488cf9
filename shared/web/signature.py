"""Whether the platform has signed an event with a secret of ours.

"Signature: sha256=<hex>" is the HMAC of the raw body; its key is the text of the secret, in UTF-8.  So do both samples:
https://github.com/iTwin/webhooks-api-samples.  Nothing that tells the time is signed, so an old event stays valid.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from enum import StrEnum

#: No other algorithm: whoever sends the header would choose a weak one.
SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII | re.IGNORECASE)


class Flaw(StrEnum):
    """What is wrong with a signature."""

    MISSING = "no-signature"
    MALFORMED = "malformed-signature"  #: not sha256 and 64 hex digits
    WRONG = "wrong-signature"  #: of another secret, or of another body


def flaw(signature: str | None, body: bytes, secrets: Sequence[bytes]) -> Flaw | None:
    """Say what is wrong with the signature of a body; None if it is that of one of the secrets."""
    if not signature:
        return Flaw.MISSING
    found = SIGNATURE.fullmatch(signature.strip())
    if not found:
        return Flaw.MALFORMED
    given = found[1].lower()
    # A list: all secrets take their time, whichever fits.
    fits = [hmac.compare_digest(given, hmac.new(secret, body, hashlib.sha256).hexdigest()) for secret in secrets]
    return None if any(fits) else Flaw.WRONG
