"""No secret in what is printed or logged; and text that only looks a little like one stays as it is."""

from __future__ import annotations

import pytest

from scanner.app.scrub import hide, scrub

LONG = "k3J9sQ" * 7
SECRETS = {
    "an access key id": ("AKIA" + "PLANTEDPLANTED42", "PLANTEDPLANTED"),
    "a secret access key": ("secret is " + "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE0KEYz", "wJalrXUt"),
    "a private key": ("-----BEGIN " + "PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----", "planted"),
    "a private key that is cut off": ("-----BEGIN EC " + "PRIVATE KEY-----\nplanted", "planted"),
    "a token of GitHub": ("ghp_" + "planted" * 5, "planted"),
    "a token of Slack": ("xoxb-" + "planted-planted", "planted"),
    "a JWT": ("eyJ" + "hbGciOiJIUzI1NiJ9.planted.planted", "planted"),
    "a webhook of Slack": ("https://hooks.slack.com/" + "services/T0/B0/planted", "planted"),
    "a webhook of Teams": ("https://acme.webhook.office.com/" + "webhookb2/planted", "planted"),
    "a password in an address": ("https://audit:" + "planted@example.com/x", "planted"),
    "a bearer": ("Authorization: Bearer " + "planted.planted.planted", "planted"),
    "a signature in an address": ("https://example.com/?a=1&sig=" + "planted%3D", "planted"),
    "a password after its name": ("password: " + "planted!", "planted"),
    "an ExternalId after its name": ('"external_id": "' + "planted-id" + '"', "planted"),
    "a session token": ("aws_session_token=" + "planted/planted==", "planted"),
    "a client secret of Entra": ("abc8Q~" + "planted" * 6, "planted"),
    "a token of Google": ("ya29." + "planted-planted", "planted"),
}


@pytest.mark.parametrize(("text", "planted"), SECRETS.values(), ids=SECRETS)
def test_forms_of_secrets_are_taken_out(text: str, planted: str) -> None:
    for around in (text, f"error: {text} (and more)", f'{{"text": "{text}"}}'):
        assert planted not in scrub(around)
    assert "***" in scrub(text)


KEPT = [
    "arn:aws:iam::111122223333:role/porter-manager",
    "F-0123456789ab worsened",
    "d6346cfc096dd3e83ec71986daa753a572ee632bc74a6268d617414a2aa8adc9",
    "0e5c303d6346cfc096dd3e83ec71986daa753a57",
    "parameter `external_id` is sensitive and is not taken from the arguments",
    "hint: write --param external_id=@FILE or --param external_id=env:NAME",
    "give --sign-key FILE, so that their tombstones are signed too",
    "01a201dc-0b7d-72bd-99d6-24dab1c25ec9",
    "/very/long/path/Of/Some2/Length/that/has/no/secret/inside/of/it/at/all",
    "run again with --debug and send us the traceback",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub(text) == text


def test_a_value_that_was_read_as_a_secret_is_found_in_any_text() -> None:
    value = "correct horse " + "battery staple"
    hide(value)
    hide("short")
    assert scrub(f"refused `{value}`, said short") == "refused `***`, said short"


def test_scrubbing_twice_changes_nothing_more() -> None:
    for text, _ in SECRETS.values():
        assert scrub(scrub(text)) == scrub(text)
