"""Random questions to JupyterHub's scope functions, with their answers: scope-random.json.

Usage: scope_random.py FIXTURES_DIRECTORY

The world: ann and bob in group g1, bob in g2, cy in none; service s1. Clients: `hub` (the hub's own), `server` (ann's
server gpu), `service` (s1's). A case whose answer depends on the order of a Python set is left out. JupyterHub caches an
intersection without regard to whether it knew the memberships, so those with and without are computed separately.
"""

import json
import os
import random
import sys
import warnings

import jupyterhub
import sqlalchemy as sa
from jupyterhub import orm, scopes
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

warnings.simplefilter("ignore")

CASES = 300
FREQUENT = ["servers", "read:servers", "users", "read:users", "tokens", "admin:users", "shares", "groups", "list:users"]
PLACEHOLDERS = ["!user", "!server", "!service"]
FILTERS = [
    "",
    "",
    "!user=ann",
    "!user=bob",
    "!user=cy",
    "!user=ghost",
    "!group=g1",
    "!group=g2",
    "!group=none",
    "!server=ann/",
    "!server=ann/gpu",
    "!server=bob/",
    "!server=cy/x",
    "!service=s1",
    "!service=s2",
]


def world():
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    orm.register_foreign_keys(engine)
    orm.Base.metadata.create_all(engine)
    db = Session(engine)
    users = {name: orm.User(name=name) for name in ("ann", "bob", "cy")}
    groups = {name: orm.Group(name=name) for name in ("g1", "g2")}
    service = orm.Service(name="s1", oauth_client=orm.OAuthClient(identifier="service"))
    spawner = orm.Spawner(name="gpu", user=users["ann"], oauth_client=orm.OAuthClient(identifier="server"))
    hub = orm.OAuthClient(identifier="jupyterhub")
    db.add_all([*users.values(), *groups.values(), service, spawner, hub])
    groups["g1"].users = [users["ann"], users["bob"]]
    groups["g2"].users = [users["bob"]]
    db.commit()
    clients = {"hub": hub, "server": spawner.oauth_client, "service": service.oauth_client}
    return db, {**users, "s1": service}, clients


def questions(rng):
    bases = sorted(set(scopes.scope_definitions) - {"(no_scope)", "self", "inherit"})

    def scope(filters):
        return rng.choice(FREQUENT if rng.random() < 0.6 else bases) + rng.choice(filters)

    def raw():
        found = [scope(FILTERS + PLACEHOLDERS) for _ in range(rng.randrange(6))]
        return found + ["self"] * (rng.random() < 0.2) + ["inherit"] * (rng.random() < 0.1)

    return {
        "owner": rng.choice(["ann", "bob", "cy", "s1"]),
        "client": rng.choice(["hub", "server", "service"]),
        "a": sorted(set(raw())),
        "b": sorted(set(raw())),
        "checks": [scope(FILTERS) for _ in range(4)],
    }


def resolved(case, owner, client, db):
    """The answer, or nothing when it depends on the order in which the leftovers are taken."""
    answers = set()
    for seed in range(6):
        ordered = OrderedSet(case["a"])
        random.Random(seed).shuffle(ordered.items)
        allowed, disallowed = scopes._resolve_requested_scopes(ordered, frozenset(case["b"]), owner, client, db)
        answers.add((tuple(sorted(allowed)), tuple(sorted(disallowed))))
    return answers.pop() if len(answers) == 1 else None


class OrderedSet:
    """Stands in for the requested set: its difference keeps an order, so that orders can be tried."""

    def __init__(self, items):
        self.items = list(items)

    def intersection(self, other):
        return {item for item in self.items if item in other}

    def difference(self, other):
        return Leftovers(item for item in self.items if item not in other)


class Leftovers(list):
    pass


def main():
    db, owners, clients = world()
    rng = random.Random(611)
    cases = []
    while len(cases) < CASES:
        case = questions(rng)
        owner, client = owners[case["owner"]], clients[case["client"]]
        a = scopes.expand_scopes(case["a"], owner=owner, oauth_client=client)
        b = scopes.expand_scopes(case["b"], owner=owner, oauth_client=client)
        case["expanded"] = sorted(a)
        case["intersection"] = sorted(scopes._intersect_expanded_scopes(a, b, db=db))
        case["contained"] = [bool(scopes.has_scope(check, a, db=db)) for check in case["checks"]]
        if case["owner"] != "s1":
            answer = resolved(case, owner, client, db)
            if answer is None:
                continue
            case["allowed"], case["disallowed"] = answer
        cases.append(case)
    head = {"jupyterhub_version": jupyterhub.__version__, "membership": {"g1": ["ann", "bob"], "g2": ["bob"]}}
    # One case a line, so that a difference can be read.
    lines = ",\n".join(json.dumps(case) for case in cases)
    with open(os.path.join(sys.argv[1], "scope-random.json"), "w") as file:
        file.write(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
