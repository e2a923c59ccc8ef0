"""Parameters: three ways to write a value, and what never comes from the arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.params import parse_parameters, read_secret
from scanner.errors import InputError, PorterAuditError, UsageError


def test_a_value_an_environment_variable_and_a_file_are_read(tmp_path: Path) -> None:
    file = tmp_path / "xid"
    file.write_text("from-file\n")
    items = ["porter_account_id=123456789012", f"external_id=@{file}", "region=env:WHERE"]
    found = parse_parameters(items, environ={"WHERE": "eu-west-1"})
    assert [(p.name, p.value, p.source) for p in found] == [
        ("porter_account_id", "123456789012", "argument"),
        ("external_id", "from-file", "file"),
        ("region", "eu-west-1", "environment variable WHERE"),
    ]


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parse_parameters(["x=a=b"], environ={})[0].value == "a=b"


def test_a_sensitive_value_is_never_shown() -> None:
    parameter = parse_parameters(["external_id=env:X"], environ={"X": "do-not-print"})[0]
    assert parameter.shown == "(environment variable X)"


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["external_id=on-the-command-line"], "parameter `external_id` is sensitive and is not"),
        (["no-equals"], "a parameter without `=`"),
        (["=x"], "parameter name `` is not"),
        (["Bad-Name=x"], "parameter name `Bad-Name` is not"),
        (["a="], "parameter `a` is empty"),
        (["a=1", "a=2"], "parameter `a` is given twice"),
        (["a=env:NOT_SET"], "parameter `a`: environment variable `NOT_SET` is not set or empty"),
    ],
)
def test_bad_parameters_are_usage_errors(items: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_parameters(items, environ={})
    assert str(caught.value).startswith(message)
    assert "on-the-command-line" not in str(caught.value) + str(caught.value.advice)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file or directory"),
        (b"", "does not hold one line of text"),
        (b"two\nlines\n", "does not hold one line of text"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * 20_000, "is longer than 16384 bytes"),
    ],
    ids=["missing", "empty", "two lines", "binary", "long"],
)
def test_bad_files_are_input_errors_that_do_not_quote_the_file(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "value"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        parse_parameters([f"external_id=@{file}"], environ={})
    assert "two" not in str(caught.value)


def test_a_directory_is_not_a_value(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        parse_parameters([f"external_id=@{tmp_path}"], environ={})


@pytest.mark.parametrize("prefix", ["", "@"])
def test_a_secret_is_read_from_a_file_or_the_environment(tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "secret"
    file.write_text("value\r\n")
    assert read_secret(f"{prefix}{file}", environ={}, what="--assume-external-id") == "value"
    assert read_secret("env:S", environ={"S": "value"}, what="--assume-external-id") == "value"
    with pytest.raises(PorterAuditError, match="--assume-external-id: environment variable `S` is not set"):
        read_secret("env:S", environ={}, what="--assume-external-id")
