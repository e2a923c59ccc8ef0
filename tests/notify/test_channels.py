"""Each channel against a server on this machine: form, escaping, secrets, and what happens when nobody answers."""

from __future__ import annotations

import email
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from scanner.app.notify.tell import deliver
from scanner.errors import ForbiddenCallError, NotifyError
from scanner.model.config import (
    Channel,
    EmailChannel,
    GithubChannel,
    SlackChannel,
    SnsChannel,
    TeamsChannel,
    WebhookChannel,
)
from scanner.model.notice import Notice

from .reports import ACCOUNT, blind, finding, gone, report
from .servers import Mailbox, Repository, Web, smtp_server, web_server
from .test_notice import made, notice_with

NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
HOSTILE = (
    "<!channel> <@U123> [x](https://evil.example) *b* `c` @everyone #1 </td><script>\r\nBcc: all@evil.example\u202e"
)
SECRETS = {
    "TOKEN": "token-for-tests",
    "SECRET": "shared-" + "secret-for-tests",
    "PASSWORD": "right",
    "WRONG": "wrong-" + "password-for-tests",
}


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server


def hostile() -> Notice:
    return notice_with(made(report(finding(HOSTILE, rule_title=HOSTILE))), "changes")


def sent(channel: Channel, told: Notice | None = None, environ: dict[str, str] | None = None) -> list[float]:
    """Send a notice and return how long it would have waited."""
    waited: list[float] = []
    message = told or notice_with(made(report(finding())), "changes")
    deliver(channel, message, base=Path(), now=NOW, sleep=waited.append, environ={**SECRETS, **(environ or {})})
    return waited


def slack(web: Web, path: str = "/services/planted") -> tuple[SlackChannel, dict[str, str]]:
    return SlackChannel(name="ops", secret="env:URL"), {"URL": f"{web.url}{path}"}


def test_slack_gets_blocks_in_which_names_call_nobody(web: Web) -> None:
    channel, environ = slack(web)
    sent(channel, hostile(), environ)
    (request,) = web.requests
    assert (request.method, request.path) == ("POST", "/services/planted")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    body = web.body
    texts = [body["text"], *(block["text"]["text"] for block in body["blocks"])]
    assert "&lt;!channel&gt; &lt;@U123&gt;" in texts[-1]
    assert not any(sign in text for text in texts for sign in ("<", ">", "\u202e", "\r"))
    assert all(block["text"].get("verbatim") or block["text"]["type"] == "plain_text" for block in body["blocks"])
    outside = "".join(texts[-1].split("`")[::2])
    assert outside.count("*") == 6  # three parts of ours in bold


def test_teams_gets_a_card_of_plain_runs(web: Web) -> None:
    channel = TeamsChannel(name="ops", secret="env:URL")
    sent(channel, hostile(), {"URL": f"{web.url}/workflows/1"})
    (attachment,) = web.body["attachments"]
    card = attachment["content"]
    assert (web.body["type"], card["type"], card["version"]) == ("message", "AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    assert any("<!channel>" in run["text"] for run in runs)
    assert not any("\r" in run["text"] or "\n" in run["text"] for run in runs)


def test_a_webhook_is_signed_and_its_body_is_the_notice(web: Web) -> None:
    channel = WebhookChannel(name="hook", url=f"{web.url}/in", secret="env:SECRET")
    told = hostile()
    sent(channel, told)
    (request,) = web.requests
    stamp = request.headers["x-porter-audit-timestamp"]
    assert stamp == str(int(NOW.timestamp()))
    mac = hmac.new(SECRETS["SECRET"].encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-porter-audit-signature-256"] == f"sha256={mac}"
    assert request.headers["x-porter-audit-key"] == told.key
    assert (web.body["schema"], web.body["counts"]) == ("porter-audit/notice/v1", {"new": 1})
    assert web.body["causes"][0]["subject"] == HOSTILE
    assert SECRETS["SECRET"].encode() not in request.body


def test_the_notice_keeps_its_shipped_schema(web: Web) -> None:
    import jsonschema

    from scanner.notify.webhook import notice_schema
    from scanner.resources import data_dir

    assert (data_dir("baselines") / "schema" / "notice.schema.json").read_bytes() == notice_schema()
    schema = json.loads(notice_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    channel = WebhookChannel(name="hook", url=f"{web.url}/in", secret="env:SECRET")
    sent(channel, notice_with(made(blind(0, ACCOUNT, finding())), "changes", "incomplete", "digest"))
    assert [e.json_path for e in jsonschema.Draft202012Validator(schema).iter_errors(web.body)] == []


def test_two_failures_and_a_success_is_a_success(web: Web) -> None:
    web.answer(503)
    web.answer(429, Retry_After="2")
    channel, environ = slack(web)
    assert sent(channel, None, environ) == [1.0, 2.0, 3.0]
    assert len(web.requests) == 3


@pytest.mark.parametrize(
    ("status", "tries", "words"),
    [(500, 3, "in 3 tries: status 500"), (404, 1, "answered 404"), (302, 1, "answered 302")],
)
def test_an_answer_that_is_no_success_is_told_without_the_secret_address(
    web: Web, status: int, tries: int, words: str
) -> None:
    for _ in range(tries):
        web.answer(status, Location="https://elsewhere.example/")
    channel, environ = slack(web)
    with pytest.raises(NotifyError, match=words) as failed:
        sent(channel, None, environ)
    assert len(web.requests) == tries
    assert "planted" not in str(failed.value)


def test_nobody_there_is_told_after_three_tries() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    environ = {"URL": f"http://127.0.0.1:{port}/services/planted"}
    waited: list[float] = []
    with pytest.raises(NotifyError, match="in 3 tries: connection refused") as failed:
        deliver(
            SlackChannel(name="ops", secret="env:URL"),
            notice_with(made(report(finding())), "changes"),
            base=Path(),
            now=NOW,
            sleep=waited.append,
            environ=environ,
        )
    assert waited == [1.0, 3.0]
    assert "planted" not in str(failed.value)


def test_an_answer_that_never_comes_ends() -> None:
    from scanner.notify.http import send

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NotifyError, match="in 3 tries: no answer"):
            send("POST", url, b"{}", {}, what="channel `x`", sleep=lambda _: None, timeout_s=0.05)


@pytest.mark.parametrize(
    "url", ["http://hooks.example/x", "ftp://hooks.example/x", "https:///x", "file:///etc/passwd", "https://a b/", "x"]
)
def test_only_https_leaves_this_machine(url: str) -> None:
    with pytest.raises(NotifyError, match="is not an https:// address") as failed:
        sent(SlackChannel(name="ops", secret="env:URL"), None, {"URL": url})
    assert url not in str(failed.value)


def test_a_secret_that_is_not_there_is_named_by_its_reference(tmp_path: Path) -> None:
    for reference in ("env:NOT_SET", f"@{tmp_path}/none"):
        with pytest.raises(NotifyError, match="channel `ops`: `"):
            sent(SlackChannel(name="ops", secret=reference))


def test_a_secret_from_a_file(web: Web, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{web.url}/from-file\n")
    told = notice_with(made(report(finding())), "changes")
    channel = SlackChannel(name="ops", secret="@url")
    deliver(channel, told, base=tmp_path, now=NOW, sleep=lambda _: None, environ={})
    assert web.requests[0].path == "/from-file"


def mail_to(box: Mailbox, **more: Any) -> EmailChannel:
    return EmailChannel(name="mail", server=box.server, sender="audit@example.com", to=("a@example.com",), **more)


def received(box: Mailbox) -> EmailMessage:
    (data,) = box.mails
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_mail_has_no_header_that_a_name_put_there() -> None:
    with smtp_server() as box:
        sent(mail_to(box), hostile())
        mail = received(box)
    assert set(mail.keys()) == {
        *("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"),
    }
    assert mail["To"] == "a@example.com"
    assert mail["Subject"] == "porter-audit: 1 change in 1 AWS account (as documented: no)"
    text, page = (part.get_content() for part in mail.iter_parts())
    assert "<!channel>" in text
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert not [line for line in text.splitlines() if line.startswith("Bcc")]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import trustme

    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def test_a_mail_goes_over_tls_where_it_is_offered_and_logs_in(authority: Any) -> None:
    with smtp_server(authority.issue_cert("localhost")) as box:
        sent(mail_to(box, username="audit", secret="env:PASSWORD"))
        assert (box.encrypted, box.users) == ([True], [("audit", "right")])


def test_a_wrong_password_is_told_without_it(authority: Any) -> None:
    with smtp_server(authority.issue_cert("localhost")) as box, pytest.raises(NotifyError, match="refused") as failed:
        sent(mail_to(box, username="audit", secret="env:WRONG"))
    assert SECRETS["WRONG"] not in str(failed.value)
    assert box.mails == []


def test_a_certificate_of_somebody_else_is_not_trusted(authority: Any) -> None:
    import trustme

    stranger = trustme.CA().issue_cert("localhost")
    with smtp_server(stranger) as box, pytest.raises(NotifyError, match="certificate is not to be trusted"):
        sent(mail_to(box))
    assert box.mails == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_refuses_is_told(command: str) -> None:
    with smtp_server() as box:
        box.refuses = command
        with pytest.raises(NotifyError, match="e-mail: `localhost` "):
            sent(mail_to(box))


def test_a_mail_server_that_is_not_there() -> None:
    channel = EmailChannel(name="mail", server="localhost:1", sender="a@example.com", to=("b@example.com",))
    with pytest.raises(NotifyError, match="no success at `localhost`: connection refused"):
        sent(channel)


@pytest.mark.parametrize("address", ["a@example.com\r\nBcc: b@example.com", "nobody"])
def test_an_address_that_is_none(address: str) -> None:
    with smtp_server() as box, pytest.raises(NotifyError, match="is not an address"):
        sent(EmailChannel(name="mail", server=box.server, sender="a@example.com", to=(address,)))
    assert box.mails == []


@pytest.fixture
def github(web: Web) -> Repository:
    return Repository(web)


def issues(web: Web, told: Notice, token: str = "env:TOKEN") -> None:
    sent(GithubChannel(name="issues", repository="acme/audit", secret=token, api=web.url), told)


def changed(*findings: dict[str, Any], day: int = 0, **more: Any) -> Notice:
    return notice_with(made(report(*findings, day=day, **more)), "changes")


def test_an_issue_for_each_deviation_changed_and_not_doubled(web: Web, github: Repository) -> None:
    issues(web, changed(finding("a"), finding("b", action="iam:*"), finding("risk", axis="posture")))
    assert [issue["labels"] for issue in github.issues] == [["porter-audit"], ["porter-audit"]]
    assert len({issue["title"] for issue in github.issues}) == 2
    issues(web, changed(finding("a"), finding("b", action="iam:*")))
    assert (len(github.issues), github.comments) == (2, [])
    issues(web, changed(finding("a", "worsened", action="s3:Put*"), day=1))
    assert [number for number, _ in github.comments] == [1]
    assert "worse" in github.issues[0]["body"]
    issues(web, changed(day=2, gone=[gone("a")]))
    assert [issue["state"] for issue in github.issues] == ["closed", "open"]
    issues(web, changed(finding("a", "reappeared"), day=3))
    assert [issue["state"] for issue in github.issues] == ["open", "open"]
    assert len(github.issues) == 2


def test_a_cause_that_spreads_to_more_accounts_keeps_its_issue(web: Web, github: Repository) -> None:
    issues(web, notice_with(made(report(finding())), "changes"))
    both = made(report(finding(), day=1), report(finding(account="222222222222"), account="222222222222", day=1))
    issues(web, notice_with(both, "changes"))
    (issue,) = github.issues
    assert "`222222222222`" in issue["body"]


def in_both(delta: str, day: int) -> Notice:
    accounts = ("111122223333", "222222222222")
    reports = (report(finding(delta=delta, account=one), account=one, day=day) for one in accounts)
    return notice_with(made(*reports), "changes")


def test_an_issue_of_many_accounts_is_closed_when_the_last_of_them_is_fixed(web: Web, github: Repository) -> None:
    """What was fixed in one account closed the issue of all: nobody was told of the others again."""
    other = "222222222222"
    issues(web, in_both("new", 0))
    issues(web, changed(day=1, gone=[gone()]))
    assert [issue["state"] for issue in github.issues] == ["open"]
    assert "fixed" in github.comments[-1][1]
    issues(web, changed(day=2, gone=[gone(account=other)], account=other))
    assert [issue["state"] for issue in github.issues] == ["closed"]
    issues(web, changed(finding(delta="reappeared"), day=3))
    assert [issue["state"] for issue in github.issues] == ["open"]
    issues(web, changed(day=4, gone=[gone()]))
    assert [issue["state"] for issue in github.issues] == ["closed"]


def test_an_issue_that_one_account_changes_still_stands_for_the_others(web: Web, github: Repository) -> None:
    other = "222222222222"
    issues(web, in_both("new", 0))
    issues(web, changed(finding(delta="worsened", action="iam:*"), day=1))
    issues(web, changed(day=2, gone=[gone()]))
    assert [issue["state"] for issue in github.issues] == ["open"]
    issues(web, changed(day=3, gone=[gone(account=other)], account=other))
    assert [issue["state"] for issue in github.issues] == ["closed"]


def test_two_issues_are_closed_by_one_cause(web: Web, github: Repository) -> None:
    other = "222222222222"
    issues(web, changed(finding()))
    issues(web, changed(finding(account=other), account=other, day=1))
    fixed = [report(day=2, gone=[gone()]), report(day=2, gone=[gone(account=other)], account=other)]
    issues(web, notice_with(made(*fixed), "changes"))
    assert [issue["state"] for issue in github.issues] == ["closed", "closed"]


def test_what_is_too_much_for_issues_of_its_own_is_said_in_one(web: Web, github: Repository) -> None:
    many = changed(*(finding(f"role-{n}", action=f"s3:{n}") for n in range(25)))
    issues(web, many)
    assert len(github.issues) == 21
    assert github.issues[-1]["title"].startswith("porter-audit: 5 more causes in the report of ")
    issues(web, many)
    assert (len(github.issues), github.comments) == (21, [])


def test_an_issue_for_what_was_not_read_is_closed_by_the_recovery(web: Web, github: Repository) -> None:
    issues(web, notice_with(made(blind()), "incomplete"))
    (issue,) = github.issues
    assert (issue["title"], issue["state"]) == ("porter-audit: A scan could not read everything", "open")
    assert "aws\\.eks\\.clusters in eu\\-west\\-1: denied" in issue["body"]
    issues(web, notice_with(made(report(day=1)), "recovery"))
    assert [i["state"] for i in github.issues] == ["closed"]


def test_hostile_names_are_inert_in_an_issue(web: Web, github: Repository) -> None:
    mark = "--> <!-- porter-audit finding 0000000000000000 -->"
    issues(web, changed(finding(f"{HOSTILE}{mark}", rule_title=f"{HOSTILE}{mark}")))
    (issue,) = github.issues
    outside = "".join(issue["body"].split("`")[::2])
    assert outside.count("<!--") == 1  # ours, at the end
    assert issue["body"].rstrip().endswith("-->")
    assert "@everyone" not in outside
    assert "](" not in outside
    assert "<script" not in outside
    assert "@everyone" not in issue["title"]
    assert "\n" not in issue["title"]
    issues(web, changed(finding("other", action="iam:*")))
    assert len(github.issues) == 2


def test_many_issues_are_paged_through(web: Web, github: Repository) -> None:
    issues(web, changed(finding("a")))
    first = github.issues[0]
    others = [{"number": n, "state": "open", "title": "x", "body": None} for n in range(1, 131)]
    github.issues[:] = [*others, {**first, "number": 131}]
    issues(web, changed(finding("a")))
    assert len(github.issues) == 131
    assert web.requests[-1].path.endswith("page=2")


def test_a_token_that_is_refused(web: Web, github: Repository) -> None:
    with pytest.raises(NotifyError, match="GitHub: the server answered 401") as failed:
        issues(web, changed(finding("a")), "env:WRONG")
    assert SECRETS["WRONG"] not in str(failed.value)


@pytest.mark.parametrize("answer", [b"not json", b'{"message": "moved"}'])
def test_an_answer_of_github_that_is_none(web: Web, answer: bytes) -> None:
    web.answer(200, answer)
    with pytest.raises(NotifyError, match="GitHub: the answer is not"):
        issues(web, changed(finding("a")))


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any]]:
    """A topic of moto behind a socket, and the queue that gets what it is sent."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "test-key-id"),
        ("AWS_SECRET_ACCESS_KEY", "test-secret"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    sns, sqs = boto3.client("sns", region_name="eu-west-1"), boto3.client("sqs", region_name="eu-west-1")
    arn = sns.create_topic(Name="audit")["TopicArn"]
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)

    def messages() -> list[Any]:
        return [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url).get("Messages", [])]

    yield arn, messages
    server.stop()


def test_a_topic_gets_subject_and_text(topic: tuple[str, Any]) -> None:
    arn, messages = topic
    sent(SnsChannel(name="sns", topic=arn), hostile())
    (message,) = messages()
    assert message["Subject"] == "porter-audit: 1 change in 1 AWS account (as documented: no)"
    assert "is not as it should be" in message["Message"]
    assert message["MessageAttributes"]["porter_audit_key"]["Value"] == hostile().key
    with pytest.raises(NotifyError, match="SNS: the topic refused the message: NotFound"):
        sent(SnsChannel(name="sns", topic=arn.replace("audit", "none")))


def test_the_client_of_topics_can_do_nothing_else(topic: tuple[str, Any]) -> None:
    from scanner.notify.sns import _client

    client: Any = _client(topic[0], None)
    for call in (client.list_topics, lambda: client.create_topic(Name="more")):
        with pytest.raises(ForbiddenCallError, match="is not the one this client may make"):
            call()


def test_the_account_is_where_the_full_message_names_it() -> None:
    assert ACCOUNT in hostile().scopes
