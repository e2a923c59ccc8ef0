"""What one role can do, asked many times: the documents are read once and hopeless questions are not asked."""

from __future__ import annotations

import re

import msgspec

from scanner.access.records import Answer
from scanner.model.common import JsonObject
from scanner.model.inventory import AwsRole
from scanner.rules.aws.escalation_paths import Step
from scanner.rules.base import AwsContext
from scanner.rules.external_id import statements, values
from scanner.rules.judge import readable_documents
from scanner.rules.questions import IMPOSSIBLE, POSSIBLE, UNDECIDED, ask_permissions

_UNLISTED = "a-name-that-nobody-listed"


class Reach:
    """Asks the engine about one role's policies and remembers the answers."""

    def __init__(self, ctx: AwsContext, role: AwsRole) -> None:
        """Read which actions the role's policies could name at all."""
        self.ctx, self.role = ctx, role
        documents, unread = readable_documents(role.policies)
        self._unread = bool(unread)
        self._literal: set[str] = set()
        self._wild: list[re.Pattern[str]] = []
        self._anything = False
        self._answers: dict[bytes, Answer] = {}
        for document in documents:
            for statement in statements(document.body):
                self._note(statement)

    def _note(self, statement: JsonObject) -> None:
        if statement.get("Effect") != "Allow":
            return
        if "Action" not in statement:
            self._anything = True
            return
        for action in values(statement["Action"]):
            folded = action.lower()
            if "*" in folded or "?" in folded:
                spelled = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in folded)
                self._wild.append(re.compile(spelled, re.DOTALL))
            else:
                self._literal.add(folded)

    def may_name(self, action: str) -> bool:
        """Return False only if no Allow statement that was read names the action: a filter, never an answer."""
        folded = action.lower()
        return self._anything or folded in self._literal or any(w.fullmatch(folded) for w in self._wild)

    def ask(self, step: Step, resources: tuple[str, ...] | None = None) -> Answer:
        """Ask whether a step is possible, on its own resources or on others."""
        if not self._unread and not self.may_name(step.action):
            return Answer(IMPOSSIBLE)
        wanted = msgspec.structs.replace(step, resources=resources or step.resources)
        key = msgspec.json.encode(wanted)
        if key not in self._answers:
            self._answers[key] = self._ask(wanted)
        return self._answers[key]

    def _ask(self, step: Step) -> Answer:
        own: JsonObject = {"Effect": "Deny", "Action": step.action, "Resource": self.role.arn}
        return ask_permissions(
            self.role,
            self.ctx.account,
            self.ctx.catalogue,
            actions=(step.action,),
            resources=tuple(self.fill(r) for r in step.resources),
            conditions={
                operator: {key: [self.fill(v) for v in values(wanted)] for key, wanted in keys.items()}
                for operator, keys in step.conditions.items()
            },
            also=(own,) if step.other_role else (),
        )

    def fill(self, text: str) -> str:
        """Return a pattern with the account and partition that are judged."""
        account = self.ctx.account
        return text.replace("{partition}", account.partition).replace("{account}", account.account_id)

    def everywhere(self, step: Step) -> bool:
        """Return whether the step is possible on a resource that nobody would name, hence on every resource."""
        unlisted = tuple(r[:-1] + _UNLISTED if r.endswith("/*") else r for r in step.resources)
        return self.ask(step, unlisted).outcome == POSSIBLE

    def all_of(self, *steps: Step) -> list[Answer] | Answer:
        """Return the answers if all steps are possible; else the one that rules the steps out or is undecided."""
        answers = []
        for step in steps:
            answer = self.ask(step)
            if answer.outcome == IMPOSSIBLE:
                return answer
            answers.append(answer)
        open_ended = next((a for a in answers if a.outcome == UNDECIDED), None)
        return open_ended or answers
