"""GetAccountAuthorizationDetails to roles, users and groups."""

from __future__ import annotations

from typing import Any

from scanner.model.common import EvidencePointer, JsonObject, NotObserved
from scanner.model.inventory import (
    AccessKey,
    AttachedPolicy,
    AwsGroup,
    AwsInstanceProfile,
    AwsManagedPolicy,
    AwsRole,
    AwsUser,
    Document,
    SamlProvider,
)
from scanner.model.snapshot import Unit, UnitStatus
from scanner.normalize.aws_documents import (
    Page,
    PolicyBook,
    identity_policies,
    is_aws_managed,
    managed_document,
    policy_book,
    read_document,
)
from scanner.normalize.pointer import child, moment, optional_text, record, records, text, texts


def pages_of(unit: Unit) -> list[Page]:
    """Return the unit's pages with their pointers."""
    return [(f"/{index}", page) for index, page in enumerate(unit.pages)]


def book_of(unit: Unit) -> PolicyBook:
    """Return the managed policies of an authorization-details unit."""
    return policy_book(unit.unit_id, pages_of(unit))


def roles_of(unit: Unit, book: PolicyBook) -> tuple[AwsRole, ...]:
    """Return the roles of an authorization-details unit, by ARN. Raises `InputError` on a malformed answer."""
    found = [_role(book, raw, at) for page_at, page in pages_of(unit) for at, raw in _rows(page, "Role", page_at)]
    return tuple(sorted(found, key=lambda role: (role.arn, role.role_id)))


def _rows(page: JsonObject, kind: str, pointer: str) -> list[Page]:
    return records(page, f"{kind}DetailList", pointer)


def _role(book: PolicyBook, raw: JsonObject, at: str) -> AwsRole:
    arn = text(raw, "Arn", at)
    used_at = child(at, "RoleLastUsed")
    used = record(raw, "RoleLastUsed", at)
    boundary_arn, boundary = _boundary(book, raw, at)
    return AwsRole(
        arn=arn,
        name=text(raw, "RoleName", at),
        role_id=text(raw, "RoleId", at),
        path=optional_text(raw, "Path", at) or "/",
        account_id=account_of(arn),
        trust=read_document(raw.get("AssumeRolePolicyDocument"), "the role has no trust policy in the answer"),
        policies=_with_placeholder(book, raw, at, "RolePolicyList"),
        evidence=EvidencePointer(book.unit_id, at),
        created_at=moment(raw, "CreateDate", at),
        last_used_at=moment(used, "LastUsedDate", used_at),
        last_used_region=optional_text(used, "Region", used_at),
        boundary_arn=boundary_arn,
        boundary=boundary,
        instance_profiles=_profiles(raw, at),
        tags=tags_of(raw, at),
        description=optional_text(raw, "Description", at),
        max_session_s=_seconds(raw.get("MaxSessionDuration")),
    )


def _with_placeholder(book: PolicyBook, raw: JsonObject, at: str, inline_key: str) -> tuple[AttachedPolicy, ...]:
    """Return the identity's policies, with one unread policy for each list that the answer lacks.

    AWS sends both lists for roles and groups even when they are empty, so a list that is not there was lost.
    """
    lost = [
        AttachedPolicy(
            name=f"({key})",
            origin=origin,
            document=NotObserved(f"the answer has no `{key}`"),
            evidence=EvidencePointer(book.unit_id, at),
        )
        for key, origin in ((inline_key, "inline"), ("AttachedManagedPolicies", "customer-managed"))
        if key not in raw
    ]
    return (*identity_policies(book, raw, at, inline_key), *lost)


def _boundary(book: PolicyBook, raw: JsonObject, at: str) -> tuple[str | None, Document | None]:
    boundary = record(raw, "PermissionsBoundary", at)
    if not boundary:
        return None, None
    arn = text(boundary, "PermissionsBoundaryArn", child(at, "PermissionsBoundary"))
    return arn, managed_document(book, arn)


def _profiles(raw: JsonObject, at: str) -> tuple[str, ...]:
    rows = records(raw, "InstanceProfileList", at)
    return tuple(sorted(text(profile, "InstanceProfileName", pointer) for pointer, profile in rows))


def managed_policies_of(unit: Unit) -> tuple[AwsManagedPolicy, ...]:
    """Return the managed policies of an authorization-details unit, attached or not, by ARN."""
    found: dict[str, AwsManagedPolicy] = {}
    for page_at, page in pages_of(unit):
        for at, raw in records(page, "Policies", page_at):
            arn = text(raw, "Arn", at)
            versions = (v for _, v in records(raw, "PolicyVersionList", at) if v.get("IsDefaultVersion") is not True)
            found[arn] = AwsManagedPolicy(
                arn=arn,
                name=optional_text(raw, "PolicyName", at) or arn.rpartition("/")[2],
                aws_managed=is_aws_managed(arn),
                evidence=EvidencePointer(unit.unit_id, at),
                other_versions=tuple(sorted(str(v["VersionId"]) for v in versions if v.get("VersionId"))),
            )
    return tuple(found[arn] for arn in sorted(found))


def instance_profiles_of(unit: Unit) -> tuple[AwsInstanceProfile, ...]:
    """Return the instance profiles of a `ListInstanceProfiles` unit, by ARN."""
    found = [
        AwsInstanceProfile(
            arn=text(raw, "Arn", at),
            name=text(raw, "InstanceProfileName", at),
            role_arns=tuple(text(role, "Arn", where) for where, role in records(raw, "Roles", at)),
            evidence=EvidencePointer(unit.unit_id, at),
        )
        for page_at, page in pages_of(unit)
        for at, raw in records(page, "InstanceProfiles", page_at)
    ]
    return tuple(sorted(found, key=lambda profile: profile.arn))


def saml_providers_of(unit: Unit) -> tuple[SamlProvider, ...]:
    """Return the SAML providers of the account, by ARN."""
    found = [
        SamlProvider(arn=text(raw, "Arn", at), evidence=EvidencePointer(unit.unit_id, at))
        for page_at, page in pages_of(unit)
        for at, raw in records(page, "SAMLProviderList", page_at)
    ]
    return tuple(sorted(found, key=lambda provider: provider.arn))


def _seconds(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def tags_of(raw: JsonObject, at: str) -> tuple[tuple[str, str], ...]:
    """Return the tags in key order."""
    rows = records(raw, "Tags", at)
    pairs = ((text(tag, "Key", pointer), optional_text(tag, "Value", pointer) or "") for pointer, tag in rows)
    return tuple(sorted(pairs))


def account_of(arn: str) -> str:
    """Return the account field of an ARN, empty if there is none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def groups_of(unit: Unit, book: PolicyBook) -> tuple[AwsGroup, ...]:
    """Return the groups of an authorization-details unit, by ARN."""
    found = [_group(book, raw, at) for page_at, page in pages_of(unit) for at, raw in _rows(page, "Group", page_at)]
    return tuple(sorted(found, key=lambda group: group.arn))


def _group(book: PolicyBook, raw: JsonObject, at: str) -> AwsGroup:
    return AwsGroup(
        arn=text(raw, "Arn", at),
        name=text(raw, "GroupName", at),
        policies=_with_placeholder(book, raw, at, "GroupPolicyList"),
        evidence=EvidencePointer(book.unit_id, at),
    )


def users_of(
    unit: Unit, book: PolicyBook, groups: tuple[AwsGroup, ...], keys_unit: Unit | None
) -> tuple[AwsUser, ...]:
    """Return the users, by ARN, each with its own policies and those of its groups (named `group/policy`)."""
    by_name = {group.name: group for group in groups}
    keys = _keys_by_user(keys_unit)
    found = [
        _user(book, raw, at, by_name, _keys_for(keys_unit, keys, raw.get("UserName")))
        for page_at, page in pages_of(unit)
        for at, raw in _rows(page, "User", page_at)
    ]
    return tuple(sorted(found, key=lambda user: user.arn))


def _user(
    book: PolicyBook,
    raw: JsonObject,
    at: str,
    groups: dict[str, AwsGroup],
    keys: tuple[AccessKey, ...] | NotObserved,
) -> AwsUser:
    membership = texts(raw, "GroupList", at)
    inherited = [policy for name in membership for policy in _group_policies(book, groups.get(name), name, at)]
    boundary_arn, boundary = _boundary(book, raw, at)
    return AwsUser(
        arn=text(raw, "Arn", at),
        name=text(raw, "UserName", at),
        user_id=text(raw, "UserId", at),
        # A user without inline policies is sent without UserPolicyList: here an absent list is an empty one.
        policies=(*identity_policies(book, raw, at, "UserPolicyList"), *inherited),
        evidence=EvidencePointer(book.unit_id, at),
        access_keys=keys,
        groups=tuple(sorted(membership)),
        created_at=moment(raw, "CreateDate", at),
        boundary_arn=boundary_arn,
        boundary=boundary,
        tags=tags_of(raw, at),
    )


def _group_policies(book: PolicyBook, group: AwsGroup | None, name: str, at: str) -> list[AttachedPolicy]:
    if group is None:
        reason = NotObserved(f"the user is in group `{name}`, which is not in the answer")
        evidence = EvidencePointer(book.unit_id, child(at, "GroupList"))
        return [AttachedPolicy(name=f"{name}/*", origin="customer-managed", document=reason, evidence=evidence)]
    return [
        AttachedPolicy(
            name=f"{name}/{policy.name}",
            origin=policy.origin,
            document=policy.document,
            evidence=policy.evidence,
            arn=policy.arn,
            version_id=policy.version_id,
        )
        for policy in group.policies
    ]


def _keys_by_user(unit: Unit | None) -> dict[str, list[AccessKey]]:
    """Return the keys seen per user asked for; a user who was asked for and has none maps to an empty list."""
    found: dict[str, list[AccessKey]] = {}
    for at, page in pages_of(unit) if unit else []:
        params = record(record(page, "_call", at), "params", child(at, "_call"))
        asked = found.setdefault(text(params, "UserName", child(at, "_call", "params")), [])
        for pointer, raw in records(page, "AccessKeyMetadata", at):
            asked.append(
                AccessKey(
                    key_id_tail=text(raw, "AccessKeyId", pointer)[-4:],
                    status=text(raw, "Status", pointer),
                    created_at=moment(raw, "CreateDate", pointer),
                )
            )
    return found


def _keys_for(unit: Unit | None, keys: dict[str, list[AccessKey]], name: object) -> tuple[AccessKey, ...] | NotObserved:
    """Return a user's keys. Keys that were seen stand even where the unit is not complete; "none" needs all of it."""
    seen = keys.get(name) if isinstance(name, str) else None
    if seen:
        return tuple(sorted(seen, key=lambda key: key.key_id_tail))
    if unit is None or unit.status is not UnitStatus.COMPLETE:
        return NotObserved("access keys were not read to the end" if unit else "access keys were not read")
    return () if seen is not None else NotObserved("access keys are read only of users named like the vendor")
