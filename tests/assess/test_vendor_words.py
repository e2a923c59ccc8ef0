"""Sentences of the rules name the vendor of the documented version; what the cloud says stays as it is."""

from __future__ import annotations

import pytest

from scanner.assess.vendor_words import in_vendors_words, vendor_name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("`porter-x` admits Porter's account.", "`porter-x` admits Grafana Cloud's account."),
        ("`Porter` is a name of the cloud; Porter is not.", "`Porter` is a name of the cloud; Grafana Cloud is not."),
        ("A Porterhouse and an exPorter stay.", "A Porterhouse and an exPorter stay."),
        (r"A \1 and Porter.", r"A \1 and Grafana Cloud."),
        ("", ""),
    ],
)
def test_another_vendor_is_called_by_its_own_name(text: str, said: str) -> None:
    assert in_vendors_words(text, "grafana-cloud@2026-11") == said
    assert in_vendors_words(text, "porter@2026-05") == text


def test_a_vendors_name_is_made_of_its_words() -> None:
    assert (vendor_name("grafana-cloud@1"), vendor_name("acme@2"), vendor_name("-@3")) == ("Grafana Cloud", "Acme", "-")
