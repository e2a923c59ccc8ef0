"""A decision in layers says what the whole of the documents says, and names what decides."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from msgspec.structs import replace

from scanner.access.gcp.authorize import allows_gcp
from scanner.access.gcp.decide import GcpDocuments, decide_gcp
from scanner.access.records import NamedDocument, Request

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_gcp import _UP, PAIRS, SEED, random_side, requests

EFFECTS = {True: {"allowed"}, False: {"implicit_deny", "explicit_deny"}, None: {"undecided"}}


def test_layer_by_layer_is_the_same_answer_as_all_at_once() -> None:
    rng = random.Random(SEED)
    seen: set[str] = set()
    for _ in range(PAIRS // 2):
        side = [d for d in random_side(rng) if "includedPermissions" not in d or rng.random() < 0.8]
        documents = GcpDocuments(
            policies=tuple(NamedDocument("policy", d) for d in side if "bindings" in d),
            denies=tuple(NamedDocument("deny", d) for d in side if "rules" in d),
            roles=tuple(d for d in side if "includedPermissions" in d),
            parents=_UP,
        )
        for request in requests(rng)[:12]:
            request = replace(request, context=rng.choice((request.context, {})))
            decision = decide_gcp(request, documents)
            whole = allows_gcp(request, side, parents=_UP)
            # A deny rule that surely applies is told as such, though the sum of the parts may be open or empty.
            expected = EFFECTS[whole] | ({"explicit_deny"} if whole is None else set())
            assert decision.effect in expected, (request, side, decision)
            assert decision.effect not in ("allowed", "explicit_deny") or decision.statements
            assert decision.effect != "undecided" or decision.reason
            seen.add(decision.effect)
    assert seen == {"allowed", "implicit_deny", "explicit_deny", "undecided"}


def test_an_open_binding_names_the_sets_that_nobody_can_look_into() -> None:
    role = {"name": "roles/r", "includedPermissions": ["a.x.get"]}
    for member in ("group:g@x.y", "domain:x.y", "principalSet://iam.googleapis.com/x/group/g"):
        policy = {"resource": "projects/p", "bindings": [{"role": "roles/r", "members": [member]}]}
        documents = GcpDocuments((NamedDocument("policy", policy),), roles=(role,), parents=_UP)
        request = Request("serviceAccount:s@p.iam.gserviceaccount.com", "a.x.get", "projects/p")
        decision = decide_gcp(request, documents)
        assert decision.effect == "undecided"
        assert member in str(decision), member
