"""The list of commands and the first help page. Loads nothing, so that `--help` answers at once."""

from __future__ import annotations

PROGRAM = "porter-audit"

COMMANDS = (
    ("scan", "scanner.cli.scan:scan", "Judge an account, live or from a file, against a documented version"),
    ("verify-revoked", "scanner.cli.verify_revoked:verify_revoked", "After off-boarding: is nothing of Porter left"),
    ("collect", "scanner.cli.collect:collect", "Only read the account and write a snapshot, to be judged elsewhere"),
    ("compare", "scanner.cli.compare:compare", "Compare policy documents: is live access inside documented access?"),
    ("can", "scanner.cli.can:can", "Decide one concrete request of a role or user, with the layers that decided"),
    ("baseline", "scanner.cli.baseline:baseline", "List, show, import, check and compare documented versions"),
    ("rules", "scanner.cli.rules:rules", "List the rules, or show a rule's own page"),
    ("report", "scanner.cli.report:report", "Make reports again from a bundle, in any format; a binder for an auditor"),
    ("diff", "scanner.cli.nights:diff", "Say what changed between two reports, or two nights of a history"),
    ("history", "scanner.cli.nights:history", "Show a history, or make it again from reports"),
    ("period-report", "scanner.cli.period_report:period_report", "Say what a history proves of a span of nights"),
    ("waivers", "scanner.cli.waivers:waivers", "Check a file of waivers"),
    ("config", "scanner.cli.config:config", "Check porter-audit.yaml, or print its schema"),
    ("permissions", "scanner.cli.permissions:permissions", "Print the read-only policy a scan needs"),
    ("doctor", "scanner.cli.doctor:doctor", "Say who you are, what can be read, and what mends the rest"),
    ("demo", "scanner.cli.demo:demo", "Run the whole product on a loopback cloud; no account needed"),
    ("notify", "scanner.cli.notify:notify", "Tell Slack, Teams, mail, SNS, GitHub or a webhook what changed"),
    ("keygen", "scanner.cli.keygen:keygen", "Make a pair of keys that sign evidence bundles"),
    ("verify", "scanner.cli.verify:verify", "Check evidence bundles against the signer's public key"),
    ("review", "scanner.cli.review:review", "Sign a run, a period report or a roll-up as its reviewer"),
    ("replay", "scanner.cli.replay:replay", "Judge a bundle's evidence again and compare with its report"),
    ("prune", "scanner.cli.prune:prune", "Drop evidence that is older than is kept, and leave tombstones"),
    ("version", "scanner.cli.version:version", "Print the version"),
)
"""Name, where it is, and one line for people."""

_PURPOSE = "Does Porter have, in my cloud, only what Porter documents? Answered with proof."

_FIRST_STEPS = (
    "aws iam get-account-authorization-details > gaad.json",
    "porter-audit scan aws --from gaad.json",
)


def help_text() -> str:
    """Return the page that `porter-audit --help` prints."""
    width = max(len(name) for name, _, _ in COMMANDS)
    lines = [f"Usage: {PROGRAM} COMMAND [OPTIONS]", "", f"  {_PURPOSE}", ""]
    lines += ["First steps, with a file you can read before:", ""]
    lines += [f"  {step}" for step in _FIRST_STEPS]
    lines += ["", "Commands:"]
    lines += [f"  {name:<{width}}  {summary}" for name, _, summary in COMMANDS]
    lines += ["", "Options:", "  --version  Print the version", "  --debug    Print the traceback of an internal error"]
    lines += ["  --log-format json|text, --log-level debug|info|warning|error"]
    lines += ["             Log to standard error what a command does; no secrets"]
    lines += ["  --help     Print this page; `porter-audit COMMAND --help` prints a command's own", ""]
    return "\n".join(lines)
