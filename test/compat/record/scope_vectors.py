"""Recomputes scope-vectors.json and the computed parts of scopes.json with JupyterHub's own code.

Usage: scope_vectors.py FIXTURES_DIRECTORY

The inputs are those that stand in the files; every result is computed again and written in place,
so a new vector is made by adding its input. What the run changed is printed.
"""

import json
import os
import sys
import warnings

import jupyterhub
import sqlalchemy as sa
from jupyterhub import orm, roles, scopes
from jupyterhub.scopes import get_scopes_for
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

warnings.simplefilter("ignore")


def memory_database():
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    orm.register_foreign_keys(engine)
    orm.Base.metadata.create_all(engine)
    return Session(engine)


class World:
    """alice (servers '' and gpu), bob in g1 (server x), root (admin), an empty group g2, service svc."""

    def __init__(self):
        self.db = memory_database()
        for role in roles.get_default_roles():
            roles.create_role(self.db, role)
        self.groups = {name: self.add(orm.Group(name=name)) for name in ("g1", "g2")}
        self.users = {name: self.add(orm.User(name=name)) for name in ("alice", "bob", "root")}
        self.users["root"].admin = True
        self.users["bob"].groups.append(self.groups["g1"])
        self.services = {"svc": self.add(orm.Service(name="svc"))}
        self.clients = {"jupyterhub": self.add(orm.OAuthClient(identifier="jupyterhub"))}
        self.spawners = {
            (user, name): self.add(orm.Spawner(name=name, user=self.users[user]))
            for user, name in (("alice", ""), ("alice", "gpu"), ("bob", "x"))
        }
        self.client("jupyterhub-user-alice", spawner=self.spawners["alice", ""])
        self.client("service-svc", service=self.services["svc"])
        for entity in (*self.users.values(), *self.services.values()):
            roles.assign_default_roles(self.db, entity)
        self.db.commit()

    def add(self, row):
        self.db.add(row)
        return row

    def client(self, identifier, **owner):
        row = self.add(orm.OAuthClient(identifier=identifier))
        for kind, entity in owner.items():
            setattr(row, kind, entity)
        self.clients[identifier] = row

    def owner(self, name):
        kind, _, name = name.rpartition(":")
        return (self.services if kind == "service" or name in self.services else self.users)[name]

    def token(self, owner, token_scopes, client="jupyterhub"):
        entity = self.owner(owner)
        kind = "user" if isinstance(entity, orm.User) else "service"
        row = self.add(orm.APIToken(scopes=token_scopes, oauth_client=self.clients[client], **{kind: entity}))
        self.db.flush()
        return row


def error_name(function, *args, ok="ok", **kwargs):
    """The outcome of a check: `ok`, or the name of what it raised (the base that callers catch)."""
    try:
        function(*args, **kwargs)
    except scopes.ScopeNotFound:
        return "ScopeNotFound"
    except ValueError:
        return "ValueError"
    return ok


def value_or_error(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except ValueError:
        return "ValueError"


def has_scope(world, vector, have):
    return value_or_error(
        scopes.has_scope,
        vector["scope"],
        have,
        post_filter=vector["post_filter"],
        db=world.db if vector["db"] else None,
    )


def resolve(world, vector):
    allowed, disallowed = scopes._resolve_requested_scopes(
        set(vector["requested"]),
        set(vector["have"]),
        world.users[vector["user"]],
        world.clients[vector["client"]],
        world.db,
    )
    return {"allowed": sorted(allowed), "disallowed": sorted(disallowed)}


def expand_vector(world, vector):
    client = vector["oauth_client"]
    return sorted(
        scopes.expand_scopes(vector["scopes"], world.owner(vector["owner"]), client and world.clients[client])
    )


def shares():
    """bob holds alice's default server himself and alice's gpu server through g1."""
    world = World()
    bob = world.users["bob"]
    before = get_scopes_for(bob)
    orm.Share.grant(world.db, world.spawners["alice", ""], bob)
    orm.Share.grant(world.db, world.spawners["alice", "gpu"], world.groups["g1"])
    world.db.commit()
    inherit = get_scopes_for(world.token("bob", ["inherit"]))
    named = get_scopes_for(world.token("bob", ["access:servers!server=alice/gpu"]))
    direct = get_scopes_for(world.token("bob", ["access:servers!server=alice/"]))
    identify = scopes.identify_scopes(bob)
    return {
        "grants": ["user bob on alice/", "group g1 (bob) on alice/gpu"],
        "bob_direct": sorted(get_scopes_for(bob) - before),
        "bob_inherit_token": sorted(inherit - before),
        "bob_named_scope_token": sorted(named - identify),
        "bob_named_scope_token_scopes": ["access:servers!server=alice/gpu"],
        "bob_direct_scope_token": sorted(direct - identify),
        "bob_direct_scope_token_scopes": ["access:servers!server=alice/"],
    }


def compute(old):
    world = World()
    everything = list(scopes.scope_definitions)
    default_roles = {role["name"]: role["scopes"] for role in roles.get_default_roles()}
    alice = world.users["alice"]
    new = {
        "subscope_expansion": {s: sorted(scopes._expand_scope(s)) for s in everything},
        "server_filter_expansion": {s: sorted(scopes._expand_scope(s)) for s in old["server_filter_expansion"]},
        "self_alice": sorted(scopes.expand_scopes(["self"], alice)),
        "self_service": sorted(scopes.expand_scopes(["self"], world.services["svc"])),
        "expand": [{**v, "expanded": expand_vector(world, v)} for v in old["expand"]],
        "default_role_scopes": {n: sorted(scopes.expand_scopes(s, alice)) for n, s in default_roles.items()},
        "default_role_scopes_note": old["default_role_scopes_note"],
        "scopes_for": {name: sorted(get_scopes_for(world.owner(name))) for name in old["scopes_for"]},
        "intersect_membership": old["intersect_membership"],
        "intersect": [
            {
                **v,
                "result": sorted(
                    scopes._intersect_expanded_scopes(
                        set(v["a"]), set(v["b"]), db=world.db if v["with_db"] else None
                    )
                ),
            }
            for v in old["intersect"]
        ],
        "has_scope": [{**v, "result": has_scope(world, v, set(v["have"]))} for v in old["has_scope"]],
        "resolve_requested": [{**v, **resolve(world, v)} for v in old["resolve_requested"]],
        "check_token_scopes": [
            {
                **v,
                "result": error_name(
                    scopes._check_token_scopes, v["scopes"], world.owner(v["owner"]), world.clients[v["client"]]
                ),
            }
            for v in old["check_token_scopes"]
        ],
        "check_scopes_exist": {s: error_name(scopes._check_scopes_exist, [s]) for s in old["check_scopes_exist"]},
        # in order: each definition meets those that were accepted before it
        "custom_scopes": [
            {**v, "result": error_name(scopes.define_custom_scopes, v["definition"])} for v in old["custom_scopes"]
        ],
        "role_names": {n: error_name(roles._validate_role_name, n) == "ok" for n in old["role_names"]},
        "token_scopes": [
            {**v, "effective": sorted(get_scopes_for(world.token(v["owner"], v["scopes"], v["client"])))}
            for v in old["token_scopes"]
        ],
        "shares": shares(),
        "share_apply_filter": [
            {**v, "result": value_or_error(apply_filter, world, v["scopes"])} for v in old["share_apply_filter"]
        ],
        "shares_user_role_can_share": [
            {**v, "result": has_scope(world, v, get_scopes_for(world.users[v["have"].split()[-1].strip(")")]))}
            for v in old["shares_user_role_can_share"]
        ],
    }
    return new


def apply_filter(world, raw):
    return sorted(orm.Share.apply_filter(raw, world.spawners["alice", "gpu"]))


def compute_definitions(old):
    """Only what the code decides; descriptions and notes in the file are ours."""
    known = {s["name"]: s for s in old["scopes"]}
    definitions = {n: d for n, d in scopes.scope_definitions.items() if not n.startswith("custom:")}
    template = sorted(
        s.replace("=USER", "={username}") for s in scopes.expand_scopes(["self"], orm.User(name="USER"))
    )
    return {
        **old,
        "jupyterhub_version": jupyterhub.__version__,
        "scopes": [
            {
                **known.get(name, {"name": name, "description": None, "resource": None, "meaningful_filters": []}),
                "subscopes": definition.get("subscopes", []),
                "metascope": name in old["metascopes"],
                "expanded_unfiltered": sorted(scopes._expand_scope(name)),
                "expanded_with_server_filter": sorted(
                    s.partition("!")[0] for s in scopes._expand_scope(f"{name}!server=u/s")
                ),
            }
            for name, definition in definitions.items()
        ],
        "default_roles": [
            {"name": r["name"], "scopes": r["scopes"], "stored_description": r["description"]}
            for r in roles.get_default_roles()
        ],
        "self_expanded_template": template,
        "custom_scope_regex": scopes._custom_scope_pattern.pattern,
        "role_name_regex": roles._role_name_pattern.pattern,
    }


def differences(old, new, path=""):
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from differences(old.get(key), new.get(key), f"{path}/{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (a, b) in enumerate(zip(old, new)):
            yield from differences(a, b, f"{path}/{i}")
    elif old != new:
        yield f"{path}: {json.dumps(old)} -> {json.dumps(new)}"


def rewrite(path, function):
    with open(path) as f:
        old = json.load(f)
    new = function(old)
    with open(path, "w") as f:
        json.dump(new, f, indent=1, ensure_ascii=False)
        f.write("\n")
    changed = list(differences(old, new))
    print(os.path.basename(path), "unchanged" if not changed else f"{len(changed)} changed")
    for line in changed:
        print("  ", line)


def main():
    fixtures = sys.argv[1]
    # scopes.json first: the vectors define custom scopes on the way
    rewrite(os.path.join(fixtures, "scopes.json"), compute_definitions)
    rewrite(os.path.join(fixtures, "scope-vectors.json"), compute)


if __name__ == "__main__":
    main()
