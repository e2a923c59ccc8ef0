"""Names that an audited account may choose, from the export through every output: they stay text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .conftest import gaad, role

Porter = Callable[..., Any]
FORMATS = "terminal,json,html,sarif,ocsf,oscal,csv,csv-excel,junit,markdown"
HOSTILE = (
    "</script><script>document.title='PWNED'</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}{% raw %}",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202eevil\u2066",
    "\x1b[2J\x1b]0;PWNED\x07",
    "a\r\nb\tc",
    "../../../etc/passwd",
    "x" * 100_000,
    "\ud800lone",
    "<!channel> @here [x](javascript:alert(1)) ![i](https://evil.example/p.png)",
    "nul\x00nul",
)


def trust(name: str) -> dict[str, Any]:
    principal = {"AWS": "arn:aws:iam::108458755588:root", "Federated": name}
    condition = {"StringEquals": {"aws:PrincipalTag/" + name[:100]: name[:1000]}}
    statement = {"Sid": name[:500], "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}


def policy(name: str) -> dict[str, Any]:
    statement = {"Sid": name[:300], "Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name[:400]}"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"PolicyName": name[:500], "PolicyDocument": document}


def account() -> dict[str, Any]:
    return gaad(
        *(
            role(
                f"porter-{number}",
                trust=trust(name),
                Description=name,
                Path=f"/{name[:50]}/",
                Tags=[{"Key": name[:200], "Value": name}],
                RolePolicyList=[policy(name)],
            )
            for number, name in enumerate(HOSTILE)
        )
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag in {"img", "iframe", "object"}:
            self.problems.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (name in {"href", "src"} and "javascript:" in (value or "")):
                self.problems.append(f"{tag} {name}={value}")


def tags(page: bytes) -> Tags:
    made = Tags()
    made.feed(page.decode())
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "installation.key"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gaad.json").write_text(json.dumps(account()))
    return tmp_path


def test_hostile_names_stay_text_in_every_output(porter: Porter, home: Path) -> None:
    asked = ("--out", "o", "--format", FORMATS, "--bundle", "full", "--verbose")
    done = porter("scan", "aws", "--from", "gaad.json", *asked)
    assert done.code in {1, 2}, done.err
    for text in (done.out, done.err):
        assert not {"\x1b", "\x00", "\x07", "\u202e", "\u2066", "\r"} & set(text)
    (bundle,) = (home / "o").glob("bundle-*")
    assert porter("replay", bundle).code == 0
    made = porter("report", bundle, "--format", "binder", "--framework", "cis-aws", "--out", "b")
    assert made.code == 0, made.err
    pages = [*(home / "o").glob("*.html"), *(home / "b").rglob("*.html")]
    assert len(pages) > 2
    for page in pages:
        found = tags(page.read_bytes())
        assert found.problems == [], page
        assert found.scripts == (tags_of_clean(porter, home) if page.name == "report.html" else 0), page
    for table in [*(home / "o").glob("*.csv"), *(home / "b").rglob("*.csv")]:
        for row in csv.reader(io.StringIO(table.read_bytes().decode("utf-8-sig"), newline="")):
            assert not [cell[:20] for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], table
            assert not any(char in cell for cell in row for char in "\x00\x1b\u202e"), table
    ElementTree.fromstring((home / "o" / "junit.xml").read_bytes())
    for name in ("report.json", "sarif.json", "oscal-ar.json"):
        json.loads((home / "o" / name).read_bytes())
    for line in (home / "o" / "ocsf.ndjson").read_bytes().splitlines():
        json.loads(line)
    summary = (home / "o" / "summary.md").read_text()
    assert "](javascript:" not in summary
    assert "<script>" not in summary
    assert "![" not in summary


def tags_of_clean(porter: Porter, home: Path) -> int:
    """Return how many scripts a report without hostile names has."""
    folder = home / "clean"
    if not folder.is_dir():
        (home / "clean.json").write_text(json.dumps(gaad(role("porter-manager", trust=trust("x")))))
        porter("scan", "aws", "--from", "clean.json", "--out", folder, "--format", "html", "--quiet")
    return tags((folder / "report.html").read_bytes()).scripts
