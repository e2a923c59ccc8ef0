"""A small language for AWS accounts as rules see them: the documented roles, and what a case changes."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from msgspec.structs import replace

from scanner.app.catalogue import load_catalogue
from scanner.baseline.documents import permission_documents, trust_document
from scanner.baseline.load import find, load_aws
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.baseline.variables import bind_aws
from scanner.model.common import EvidencePointer, NotObserved, Observed
from scanner.model.inventory import (
    AccessKey,
    AttachedPolicy,
    AwsAccount,
    AwsActivity,
    AwsEvent,
    AwsInstanceProfile,
    AwsManagedPolicy,
    AwsRole,
    AwsStack,
    AwsUser,
    Document,
    EksCluster,
    Inventory,
    OidcProvider,
    PodIdentityAssociation,
    SamlProvider,
    StackResource,
)
from scanner.model.kinds import AWS_KINDS_ON_REQUEST, AWS_UNIT_KINDS
from scanner.model.snapshot import ExternalIdFact, Scope, SourceKind, Unit, UnitError, UnitStatus
from scanner.rules.base import AwsContext, Settings
from scanner.rules.context import build_context

ACCOUNT = "111122223333"
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
TOKEN = "xid-" + "0a" * 12
REGIONS = ("eu-west-1", "us-east-2")
AUTHORIZATION = f"aws/{ACCOUNT}/global/aws.iam.authorization_details"
Json = dict[str, Any]


@cache
def bound_baseline() -> AwsBaseline:
    return bind_aws(load_aws(find("porter@2026-05")), {"account_id": ACCOUNT})


CATALOGUE = load_catalogue()


def context(case: Json) -> AwsContext:
    """Return the context of a case's account."""
    account = _account(case)
    inventory = Inventory(
        source=SourceKind(case.get("source", "live")),
        units=units(case),
        aws=(account, *(_account(other, other["account_id"]) for other in case.get("other_accounts", ()))),
        external_ids=tuple(ExternalIdFact(**fact) for fact in case.get("external_ids", ())),
    )
    previous: Json = case.get("previous", {})
    settings = Settings(
        has_previous="previous" in case,
        previous_boundaries=tuple((role_arn(n), a) for n, a in previous.get("boundaries", {}).items()),
        previous_external_ids=tuple((role_arn(n), t) for n, t in previous.get("external_ids", {}).items()),
    )
    return build_context(account, inventory, bound_baseline(), settings, AS_OF, CATALOGUE)


def units(case: Json) -> tuple[Unit, ...]:
    """Return all units complete, but for those that the case names with another status."""
    unread: Json = case.get("units", {})
    found = []
    asked = AWS_KINDS_ON_REQUEST if "events" in case else ()
    for kind in (*AWS_UNIT_KINDS, *asked):
        for region in REGIONS if kind.regional else ("global",):
            status = UnitStatus(unread.get(kind.kind, "complete"))
            error = UnitError("AccessDenied", "denied") if status is UnitStatus.DENIED else None
            unit_id = f"aws/{ACCOUNT}/{region}/{kind.kind}"
            found.append(Unit(unit_id, kind.kind, "aws", ACCOUNT, region, kind.required, status, (), error=error))
    return tuple(found)


def role_arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def _activity(events: list[Json]) -> AwsActivity:
    """Return the day before; each event names a role, and what differs from a session by Porter's account."""
    day = timedelta(days=1)
    made = tuple(
        AwsEvent(
            event_id=f"event-{number}",
            name=event.get("name", "AssumeRole"),
            source=event.get("source", "sts.amazonaws.com"),
            time=AS_OF - day / 2,
            region="us-east-1",
            identity_type=event.get("type", "AWSAccount"),
            identity_arn=event.get("arn", ""),
            identity_account=event.get("account", "108458755588"),
            invoked_by=event.get("service", ""),
            source_ip="192.0.2.1",
            role=event["role"] if event.get("by_name") else role_arn(event["role"]),
            policy=event.get("policy", ""),
            session_name="deploy",
            external_id=event.get("external_id"),
            error_code=event.get("error", ""),
            evidence=EvidencePointer("aws/x/us-east-1/aws.cloudtrail.activity", f"/0/Events/{number}"),
        )
        for number, event in enumerate(events)
    )
    return AwsActivity(made, AS_OF - day, AS_OF)


def _account(case: Json, account_id: str = ACCOUNT) -> AwsAccount:
    roles = documented_roles() if case.get("start") == "documented" else {}
    if "only" in case:
        roles = {name: role for name, role in roles.items() if name in case["only"]}
    for name in case.get("without", ()):
        del roles[name]
    for name, change in case.get("roles", {}).items():
        roles[name] = _changed(roles.get(name, _empty(name, account_id)), change)
    stacks = [] if case.get("start") != "documented" and "stacks" not in case else case.get("stacks", [{}])
    return AwsAccount(
        account_id=account_id,
        partition="aws",
        scope=Scope("aws", "account", account_id, presence=case.get("presence", "unknown")),
        roles=tuple(roles.values()),
        users=tuple(_user(u) for u in case.get("users", ())),
        stacks=tuple(_stack(s) for s in stacks),
        activity=_activity(case["events"]) if "events" in case else None,
        pod_identities=tuple(_association(i, a) for i, a in enumerate(case.get("associations", ()))),
        policies=tuple(_managed_policy(p) for p in case.get("policies", ())),
        instance_profiles=tuple(_profile(p) for p in case.get("profiles", ())),
        oidc_providers=tuple(OidcProvider(_iam("oidc-provider", n), _at(n), n) for n in case.get("oidc", ())),
        saml_providers=tuple(SamlProvider(_iam("saml-provider", n), _at(n)) for n in case.get("saml", ())),
        clusters=tuple(_cluster(c) for c in case.get("clusters", ())),
        regions=REGIONS,
        regions_named=case.get("regions_named", False),
        organization_id=case.get("organization", ""),
        summary=tuple(sorted(case.get("summary", _counts(case, roles)).items())),
    )


def _iam(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def _at(name: str) -> EvidencePointer:
    return EvidencePointer(AUTHORIZATION, f"/{name}")


def _managed_policy(raw: Json) -> AwsManagedPolicy:
    arn = raw.get("arn") or _iam("policy", raw["name"])
    return AwsManagedPolicy(arn, raw["name"], ":iam::aws:" in arn, _at(raw["name"]), tuple(raw.get("old", ())))


def _profile(raw: Json) -> AwsInstanceProfile:
    roles = tuple(role_arn(name) for name in raw.get("roles", ()))
    return AwsInstanceProfile(_iam("instance-profile", raw["name"]), raw["name"], roles, _at(raw["name"]))


def _cluster(raw: Json) -> EksCluster:
    arn = f"arn:aws:eks:us-east-2:{ACCOUNT}:cluster/{raw['name']}"
    at = EvidencePointer(f"aws/{ACCOUNT}/us-east-2/aws.eks.clusters", f"/{raw['name']}")
    return EksCluster(raw["name"], "us-east-2", arn, at, raw.get("issuer"), role_arn(raw["role"]))


def _counts(case: Json, roles: dict[str, AwsRole]) -> dict[str, int]:
    """Return the summary of an account in which nothing got lost."""
    return {"Roles": len(roles), "Users": len(case.get("users", ())), "Groups": 0}


def documented_roles() -> dict[str, AwsRole]:
    """Return the ten documented roles as live roles: one inline policy each, and the AWS-managed policies attached."""
    pages = bound_baseline().roles
    return {role.name: role for role in (_documented(page) for page in pages)}


def _documented(page: DocumentedRole) -> AwsRole:
    name = page.name_pattern.replace("*", "0c1d2e")
    managed_sids = {sid for ref in page.managed_policies for sid in ref.sids}
    own = replace(page, statements=tuple(s for s in page.statements if s.sid not in managed_sids))
    policies = [_policy(f"{name}-policy", permission_documents(own)[0].body)] if own.statements else []
    for ref in page.managed_policies:
        rows = replace(page, statements=tuple(s for s in page.statements if s.sid in ref.sids))
        body = permission_documents(rows)[0].body
        policies.append(_policy(ref.arn.rpartition("/")[2], body, "aws-managed", ref.arn))
    trust = json.loads(json.dumps(trust_document(page).body).replace("{external_id}", TOKEN))
    return replace(_empty(name), trust=Observed(trust), policies=tuple(policies))


def _policy(name: str, body: Json, origin: str = "inline", arn: str | None = None) -> AttachedPolicy:
    return AttachedPolicy(name, origin, _document(body), EvidencePointer(AUTHORIZATION, f"/{name}"), arn)


def _document(body: Json) -> Document:
    return NotObserved(body["unread"]) if "unread" in body else Observed(body)


def _empty(name: str, account: str = ACCOUNT) -> AwsRole:
    return AwsRole(
        arn=role_arn(name, account),
        name=name,
        role_id="AROA" + name.upper().replace("-", "")[:12],
        path="/",
        account_id=account,
        trust=Observed({"Version": "2012-10-17", "Statement": []}),
        policies=(),
        evidence=EvidencePointer(AUTHORIZATION, f"/{name}"),
        created_at=AS_OF - timedelta(days=300),
        last_used_at=AS_OF - timedelta(days=1),
    )


def _changed(role: AwsRole, change: Json) -> AwsRole:
    for key, value in change.items():
        role = CHANGES[key](role, copy.deepcopy(value))
    return role


def _set_trust(role: AwsRole, value: Json | list[Json]) -> AwsRole:
    body = {"Version": "2012-10-17", "Statement": value} if isinstance(value, list) else value
    return replace(role, trust=_document(body))


def _add_trust(role: AwsRole, value: Json) -> AwsRole:
    assert isinstance(role.trust, Observed)
    return _set_trust(role, [*role.trust.value["Statement"], value])


def _set_trust_condition(role: AwsRole, value: Json) -> AwsRole:
    """Set the Condition of the statements that admit Porter; an empty one removes it."""
    assert isinstance(role.trust, Observed)
    statements = copy.deepcopy(role.trust.value["Statement"])
    for statement in statements:
        if "AWS" in statement["Principal"]:
            statement.pop("Condition", None)
            statement |= {"Condition": value} if value else {}
    return _set_trust(role, statements)


def _add_statement(role: AwsRole, value: Json) -> AwsRole:
    body = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **value}]}
    return replace(role, policies=(*role.policies, _policy("added", body)))


def _add_policy(role: AwsRole, value: Json) -> AwsRole:
    added = [_policy(name, body) for name, body in value.items()]
    return replace(role, policies=(*role.policies, *added))


def _attach(role: AwsRole, value: Json) -> AwsRole:
    added = [_policy(arn.rpartition("/")[2], body, "aws-managed", arn) for arn, body in value.items()]
    return replace(role, policies=(*role.policies, *added))


def _edit(role: AwsRole, value: Json) -> AwsRole:
    """Change statements by Sid: keys are set, keys that are null are removed, null drops the statement."""
    policies = []
    for policy in role.policies:
        assert isinstance(policy.document, Observed)
        statements = []
        for statement in policy.document.value["Statement"]:
            change = value.get(statement["Sid"], {})
            if change is None:
                continue
            merged = {**statement, **change}
            statements.append({k: v for k, v in merged.items() if v is not None})
        policies.append(replace(policy, document=Observed({"Version": "2012-10-17", "Statement": statements})))
    return replace(role, policies=tuple(policies))


def _days(role: AwsRole, field: str, value: int | None) -> AwsRole:
    return replace(role, **{field: None if value is None else AS_OF - timedelta(days=value)})


CHANGES = {
    "trust": _set_trust,
    "add_trust": _add_trust,
    "trust_condition": _set_trust_condition,
    "add_statement": _add_statement,
    "add_policy": _add_policy,
    "attach": _attach,
    "edit": _edit,
    "used_days_ago": lambda r, v: _days(r, "last_used_at", v),
    "created_days_ago": lambda r, v: _days(r, "created_at", v),
    "attach_own": lambda r, v: replace(
        r, policies=(*r.policies, *(_policy(n, {"Statement": []}, "customer-managed", _iam("policy", n)) for n in v))
    ),
    "tags": lambda r, v: replace(r, tags=tuple(sorted(v.items()))),
    "profiles": lambda r, v: replace(r, instance_profiles=tuple(v)),
    "boundary": lambda r, v: replace(r, boundary_arn=v["arn"], boundary=_document(v.get("document", {}))),
}


def _user(raw: Json) -> AwsUser:
    keys = raw.get("keys", [])
    return AwsUser(
        arn=f"arn:aws:iam::{ACCOUNT}:user/{raw['name']}",
        name=raw["name"],
        user_id="AIDA" + raw["name"].upper(),
        policies=tuple(_policy(name, body) for name, body in raw.get("policies", {}).items()),
        evidence=EvidencePointer(AUTHORIZATION, f"/{raw['name']}"),
        access_keys=NotObserved(keys["unread"])
        if isinstance(keys, dict)
        else tuple(AccessKey("ABCD", k) for k in keys),
        tags=tuple(sorted(raw.get("tags", {}).items())),
    )


def _stack(raw: Json) -> AwsStack:
    region = raw.get("region", "us-east-2")
    owned = raw.get("resources", [["AWS::IAM::Role", "porter-access-manager"]])
    return AwsStack(
        name=raw.get("name", "PorterRole"),
        stack_id=f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/PorterRole/{region}",
        region=region,
        status=raw.get("status", "CREATE_COMPLETE"),
        parameters=(("TrustArnParameter", "arn:aws:iam::108458755588:role/CAPIManagement"),),
        resources=tuple(StackResource(f"R{i}", kind, name, "CREATE_COMPLETE") for i, (kind, name) in enumerate(owned)),
        evidence=EvidencePointer(f"aws/{ACCOUNT}/{region}/aws.cloudformation.stack"),
        drift_status=raw.get("drift"),
    )


def _association(index: int, raw: Json) -> PodIdentityAssociation:
    name = raw.get("role")
    namespace, _, service_account = raw["pod"].partition("/")
    return PodIdentityAssociation(
        cluster=raw.get("cluster", "main"),
        region="us-east-2",
        namespace=namespace,
        service_account=service_account,
        role_arn=role_arn(name) if name else NotObserved("listed, not described"),
        association_id=f"a-{index}",
        evidence=EvidencePointer(f"aws/{ACCOUNT}/us-east-2/aws.eks.pod_identity_associations", f"/{index}"),
        target_role_arn=raw.get("target"),
    )
