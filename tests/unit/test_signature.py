"""What counts as a signature of the platform."""

import hashlib
import hmac

import pytest

from shared.web.signature import Flaw, flaw
from tests.events import BODY, SECRET, SIGNATURE, signed

SECRETS = [SECRET.encode()]
HEX = SIGNATURE.removeprefix("sha256=")


def other(algorithm):
    return f"{algorithm}={hmac.new(SECRET.encode(), BODY, getattr(hashlib, algorithm)).hexdigest()}"


def test_the_test_vector_fits():
    assert len(BODY) == 167
    assert flaw(SIGNATURE, BODY, SECRETS) is None


@pytest.mark.parametrize("signature", [SIGNATURE.upper(), f"sha256={HEX.upper()}", f" {SIGNATURE} ", SIGNATURE.title()])
def test_letter_case_and_blanks_around_do_not_matter(signature):
    assert flaw(signature, BODY, SECRETS) is None


@pytest.mark.parametrize("signature", [None, ""])
def test_a_body_without_a_signature_is_not_signed(signature):
    assert flaw(signature, BODY, SECRETS) is Flaw.MISSING


@pytest.mark.parametrize(
    "signature",
    [
        HEX,
        f"={HEX}",
        SIGNATURE[:-1],
        f"{SIGNATURE}0",
        f"{SIGNATURE}\n0",
        f"{SIGNATURE},{SIGNATURE}",
        SIGNATURE.replace("a", "g"),
        SIGNATURE.replace("6", "\u0666"),  # a digit elsewhere
        f"\u017fha256={HEX}",  # a long s, which is an S in upper case
        f"sha256 = {HEX}",
        "sha256=",
        other("md5"),
        other("sha1"),
        other("sha512"),
        f"sha1={HEX}",
        f"md5={HEX}",
        f"none={HEX}",
    ],
)
def test_only_sha256_and_its_64_hex_digits_are_read(signature):
    assert flaw(signature, BODY, SECRETS) is Flaw.MALFORMED


@pytest.mark.parametrize(
    "body", [BODY + b"\n", b" " + BODY, BODY[:-1], BODY.replace(b"j-1", b"j-2"), b"\xef\xbb\xbf" + BODY, b""]
)
def test_another_body_is_not_signed_byte_for_byte(body):
    assert flaw(SIGNATURE, body, SECRETS) is Flaw.WRONG


@pytest.mark.parametrize("secret", [SECRET.upper(), SECRET[:-1], SECRET + "0", bytes.fromhex(SECRET).decode("latin1")])
def test_another_secret_is_wrong(secret):
    assert flaw(signed(BODY, secret), BODY, SECRETS) is Flaw.WRONG


def test_each_of_several_secrets_fits_and_none_fits_none():
    secrets = [secret * 32 for secret in "abc"]

    for secret in secrets:
        assert flaw(signed(BODY, secret), BODY, [one.encode() for one in secrets]) is None
    assert flaw(signed(BODY, "d" * 32), BODY, [one.encode() for one in secrets]) is Flaw.WRONG
    assert flaw(SIGNATURE, BODY, []) is Flaw.WRONG


def test_a_secret_is_its_text_in_utf_8():
    assert flaw(signed(BODY, "é" * 32), BODY, [("é" * 32).encode()]) is None
