"""Conversations with the REST API: identity, users, tokens, groups, services, proxy, bad bodies."""

import datetime

SERVICE = "recorder-token-of-the-fixtures"
PAGED = {"Accept": "application/jupyterhub-pagination+json"}
CORS = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}


def hold(r):
    r.name(SERVICE, "token:recorder")
    root(r)
    prepare(r)
    identity(r)
    xsrf(r)
    users(r)
    create_users(r)
    tokens(r)
    activity(r)
    groups(r)
    services(r)
    proxy(r)
    bodies(r)
    methods(r)


def root(r):
    r.talk("api-root", "the API's root, its version, and what it says of itself")
    r.say("GET", "/hub/api")
    r.say("GET", "/hub/api/")
    r.say("GET", "/hub/api/info")
    r.say("GET", "/hub/api/info", token="nonsense")
    r.say("GET", "/hub/api/info", token=SERVICE)
    info = r.current[-1]["response"]["json"]
    # where this machine keeps its Python is no fact
    info["python"], info["sys_executable"] = "{python}", "{path}"
    for path in ("/hub/api/nothing", "/hub/api/users/", "/hub/api/info/", "/hub/api//user"):
        r.say("GET", path)
        r.say("GET", path, token=SERVICE)
    r.say("POST", "/hub/api/nothing", json_body={})


def prepare(r):
    """Users with tokens whose scopes differ."""
    r.talk("unused", "set-up")
    r.say("POST", "/hub/api/users", token=SERVICE, json_body={"usernames": ["alice", "bob", "carol"]}, quiet=True)
    r.tokens = {}
    for label, user, body in (
        ("alice", "alice", {"note": "for the fixtures"}),
        ("bob", "bob", {}),
        ("root", "root", {}),
        ("alice-name", "alice", {"scopes": ["read:users:name!user"]}),
        ("alice-none", "alice", {"scopes": []}),
    ):
        answer = r.say("POST", f"/hub/api/users/{user}/tokens", token=SERVICE, json_body=body, quiet=True)
        r.tokens[label] = answer.json()["token"]
        r.name(r.tokens[label], f"token:{label}")
    del r.talks["unused"]


def identity(r):
    r.talk("api-user", "GET /user by every kind of credential")
    token = r.tokens["alice"]
    r.say("GET", "/hub/api/user", note="none")
    r.say("GET", "/hub/api/user", token="nonsense", note="a token that is none")
    r.say("GET", "/hub/api/user", token="x" * 65, note="a token longer than any")
    for scheme in ("Bearer", "bearer", "TOKEN", "token  "):
        r.say("GET", "/hub/api/user", headers={"Authorization": f"{scheme} {token}"}, note=f"scheme {scheme!r}")
    for value in (token, f"Basic {token}", "token", f"token {token} x", f"token{token}"):
        r.say("GET", "/hub/api/user", headers={"Authorization": value}, note="a header that does not parse")
    r.say("GET", f"/hub/api/user?token={token}", note="in the query")
    for label in ("alice-name", "alice-none", "root"):
        r.say("GET", "/hub/api/user", token=r.tokens[label], note=label)
    r.say("GET", "/hub/api/user", token=SERVICE, note="a service")
    s = r.session = r.sign_in("alice")
    r.say("GET", "/hub/api/user", session=s, note="cookies")
    r.say("GET", "/hub/api/user", session=s, token="nonsense", note="cookies beside a bad token")
    r.say("GET", "/hub/api/user", session=s, token=r.tokens["bob"], note="cookies of alice beside bob's token")


def xsrf(r):
    r.talk("api-xsrf", "cookies on the API: when an xsrf token is demanded")
    s = r.session
    path = "/hub/api/users/alice/tokens"
    r.say("GET", "/hub/api/user", session=s, headers=CORS, note="GET, fetch mode cors, none")
    r.say("GET", f"/hub/api/user?_xsrf={s.xsrf}", session=s, headers=CORS, note="GET, fetch mode cors, right")
    r.say("GET", "/hub/api/user?_xsrf=nonsense", session=s, headers=CORS, note="GET, fetch mode cors, wrong")
    no_cors = {"Sec-Fetch-Mode": "no-cors"}
    r.say("GET", "/hub/api/user", session=s, headers={**no_cors, "Sec-Fetch-Site": "same-origin"})
    r.say("GET", "/hub/api/user", session=s, headers={**no_cors, "Sec-Fetch-Site": "cross-site"})
    r.say("GET", "/hub/api/user", session=s, headers={"Sec-Fetch-Mode": "websocket"})
    r.say("GET", "/hub/api/user", session=s, headers={"Sec-Fetch-Mode": "navigate"})
    r.say("POST", path, session=s, json_body={}, note="POST, none")
    r.say("POST", f"{path}?_xsrf=nonsense", session=s, json_body={}, note="POST, wrong")
    r.say("POST", path, session=s, json_body={}, headers={"X-XSRFToken": s.xsrf}, name_as={"token": "new-token"},
          note="POST, in a header")
    r.say("POST", f"{path}?_xsrf={s.xsrf}", session=s, json_body={}, name_as={"token": "new-token"},
          note="POST, in the query")
    r.say("POST", f"{path}?_xsrf={s.xsrf}", session=s, form={"note": "x"}, note="POST, a form's content type")
    r.say("POST", f"{path}?_xsrf={s.xsrf}", session=s, body=b"{}", name_as={"token": "new-token"}, note="POST, no content type")
    r.say("POST", "/hub/api/users", json_body={}, note="nobody")
    r.say("POST", "/hub/api/users", json_body={}, headers={"Origin": "http://evil.example"}, note="nobody, with an Origin")
    r.say("POST", "/hub/api/users", json_body={}, token=r.tokens["alice"], headers={"Origin": "http://evil.example"},
          note="a token, with an Origin")


def users(r):
    r.talk("api-users-read", "GET users: lists, pages, filters, one user as self, other, admin, missing")
    for query in (
        "", "?limit=1", "?limit=1&offset=1", "?limit=0", "?limit=-1", "?limit=x", "?offset=99", "?state=active",
        "?state=inactive", "?state=ready", "?state=nope", "?sort=name", "?sort=-name", "?sort=-last_activity", "?sort=nope",
        "?name_filter=A", "?name_filter=%25", "?include_stopped_servers=1", "?include_stopped_servers=0", "?limit=1000",
    ):
        r.say("GET", f"/hub/api/users{query}", token=SERVICE)
        r.say("GET", f"/hub/api/users{query}", token=SERVICE, headers=PAGED, note="paged")
    for label in ("alice", "alice-name", "alice-none"):
        r.say("GET", "/hub/api/users", token=r.tokens[label], note=label)
        for name in ("alice", "bob", "nobody"):
            r.say("GET", f"/hub/api/users/{name}", token=r.tokens[label], note=label)
    for name in ("alice", "bob", "root", "nobody", "Alice", "al%69ce", "a%2Fb", "%20alice"):
        r.say("GET", f"/hub/api/users/{name}", token=SERVICE)
    r.say("GET", "/hub/api/users", note="nobody")
    r.say("GET", "/hub/api/users/alice", note="nobody")


def create_users(r):
    r.talk("api-users-write", "POST, PATCH and DELETE users")
    base = "/hub/api/users"
    for body in (
        {"usernames": ["dan", "eve"]}, {"usernames": ["dan", "frank"]}, {"usernames": ["dan"]}, {"usernames": []},
        {"usernames": ["a/b"]}, {"usernames": [""]}, {"usernames": [" x"]}, {"usernames": "ab"}, {"usernames": [1]}, {"usernames": None},
        {"usernames": ["gina"], "admin": True}, {"usernames": ["hal"], "admin": "yes"}, {}, [], "x", 1, None,
        {"usernames": ["x" * 300]}, {"usernames": ["Ünï"]}, {"usernames": ["\u0000"]},
    ):
        r.say("POST", base, token=SERVICE, json_body=body)
    r.say("POST", base, token=r.tokens["alice"], json_body={"usernames": ["ivan"]}, note="without the scope")
    for path, body in (
        ("/judy", None), ("/judy", None), ("/judy2", {"admin": True}), ("/judy3", {"nope": 1}), ("/a%2Fb", None), ("/JUDY4", None),
    ):
        r.say("POST", base + path, token=SERVICE, json_body=body)
    for body in (
        {"name": "judith"}, {"name": "alice"}, {"admin": True}, {"admin": False}, {"nope": 1}, {}, {"groups": []}, {"groups": ["g"]},
        {"roles": []}, {"roles": ["user"]}, {"auth_state": {"x": 1}}, {"name": "a/b"}, {"name": ""}, {"name": 1}, [],
    ):
        path = "/judith" if body != {"name": "judith"} else "/judy"
        r.say("PATCH", base + path, token=SERVICE, json_body=body)
    r.say("PATCH", base + "/nobody", token=SERVICE, json_body={"admin": True})
    r.say("PATCH", base + "/root", token=SERVICE, json_body={"admin": True}, note="a service edits an admin")
    r.say("DELETE", base + "/judith", token=SERVICE)
    r.say("DELETE", base + "/judith", token=SERVICE)
    r.say("DELETE", base + "/root", token=r.tokens["root"], note="oneself")
    r.say("DELETE", base + "/bob", token=r.tokens["alice"], note="without the scope")


def tokens(r):
    r.talk("api-tokens", "tokens of a user: make, list, read, delete, and every bad form")
    path = "/hub/api/users/alice/tokens"
    alice = r.tokens["alice"]
    made = r.say("POST", path, token=alice, json_body={"note": "mine", "expires_in": 3600}, name_as={"token": "new-token"})
    r.current[-1]["response"] = r.response(made)
    identifier = made.json()["id"]
    for body in (
        None, {}, {"expires_in": 0}, {"expires_in": -1}, {"expires_in": "10"}, {"expires_in": 1.5}, {"expires_in": True}, {"expires_in": 10**12}, {"expires_in": None},
        {"roles": ["user"]}, {"roles": ["admin"]}, {"roles": ["nope"]}, {"roles": []}, {"roles": "user"}, {"scopes": ["self"]}, {"scopes": ["inherit"]},
        {"scopes": ["admin:users"]}, {"scopes": ["nope"]}, {"scopes": []}, {"scopes": "self"}, {"scopes": [1]}, {"roles": ["user"], "scopes": ["self"]}, {"note": 1}, {"note": None},
        {"note": "n" * 2000}, {"nope": 1}, [], "x", 1,
        {"auth": {"username": "alice", "password": "secret"}}, {"auth": {"username": "alice", "password": "wrong"}}, {"auth": "x"},
    ):
        answer = r.say("POST", path, token=alice, json_body=body)
        if answer.status == 201:
            r.name(answer.json()["token"], "new-token")
            r.current[-1]["response"] = r.response(answer)
    anonymous = r.say("POST", path, json_body={"auth": {"username": "alice", "password": "secret"}}, note="by password alone")
    if anonymous.status == 201:
        r.name(anonymous.json()["token"], "new-token")
        r.current[-1]["response"] = r.response(anonymous)
    r.say("POST", path, json_body={"auth": {"username": "bob", "password": "secret"}}, note="another's password")
    r.say("POST", path, json_body={}, note="nobody")
    r.say("POST", "/hub/api/users/bob/tokens", token=alice, json_body={}, note="another user")
    r.say("POST", "/hub/api/users/nobody/tokens", token=alice, json_body={}, note="a missing user")
    r.say("POST", "/hub/api/users/nobody/tokens", token=SERVICE, json_body={}, note="a missing user, by a service")
    r.say("POST", path, token=SERVICE, json_body={}, name_as={"token": "new-token"}, note="by a service")
    r.say("POST", path, token=r.tokens["alice-none"], json_body={}, note="by a token without the scope")
    r.say("GET", f"{path}/{identifier}", token=alice)
    r.say("GET", f"{path}/{identifier}", token=r.tokens["bob"])
    for wrong in ("a999999", "x1", "1", "a", "aa", "a-1", "a99999999999999999999999"):
        r.say("GET", f"{path}/{wrong}", token=alice)
        r.say("DELETE", f"{path}/{wrong}", token=alice)
    r.say("GET", "/hub/api/users/bob/tokens", token=r.tokens["bob"])
    r.say("GET", path, token=r.tokens["bob"])
    r.say("GET", path)
    r.say("DELETE", f"{path}/{identifier}", token=r.tokens["bob"])
    r.say("DELETE", f"{path}/{identifier}", token=alice)
    r.say("DELETE", f"{path}/{identifier}", token=alice)
    r.say("GET", "/hub/api/user", token=made.json()["token"], note="after it was deleted")
    r.say("GET", f"/hub/api/authorizations/token/{alice}", token=SERVICE, note="deprecated lookup")
    r.say("GET", "/hub/api/authorizations/token/nonsense", token=SERVICE, note="deprecated lookup")
    r.say("POST", "/hub/api/authorizations/token", json_body={}, note="deprecated")
    r.say("POST", f"/hub/api/authorizations/token/{alice}", token=SERVICE, json_body={}, note="deprecated")


def activity(r):
    r.talk("api-activity", "POST activity: good and each bad form")
    path = "/hub/api/users/alice/activity"
    alice = r.tokens["alice"]
    soon, later, past = "2099-01-01T00:00:00Z", "not a time", "2020-01-01T00:00:00Z"
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    ahead = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=50)).isoformat()
    for body in (
        {"last_activity": now}, {"last_activity": past}, {"last_activity": ahead}, {"last_activity": soon}, {"last_activity": later}, {"last_activity": 1}, {"last_activity": None},
        {"last_activity": now[:19]}, {"last_activity": ""}, {}, None, [], "x",
        {"servers": {"": {"last_activity": now}}}, {"servers": {"": {}}}, {"servers": {"": None}}, {"servers": {"nope": {"last_activity": now}}},
        {"servers": []}, {"servers": {}}, {"servers": {"": {"last_activity": later}}}, {"servers": {"": {"last_activity": soon}}}, {"servers": "x"},
        {"last_activity": now, "servers": {"": {"last_activity": now}}}, {"nope": 1},
    ):
        r.say("POST", path, token=alice, json_body=body)
    for step in r.current:
        sent = step["request"].get("body", "")
        for value, label in ((now, "{now}"), (ahead, "{now+50min}"), (now[:19], "{now without a zone}")):
            sent = sent.replace(value, label)
        if sent:
            step["request"]["body"] = sent
    r.say("POST", path, token=r.tokens["bob"], json_body={"last_activity": past}, note="another user")
    r.say("POST", path, token=r.tokens["alice-none"], json_body={"last_activity": past}, note="without the scope")
    r.say("POST", "/hub/api/users/nobody/activity", token=SERVICE, json_body={"last_activity": past})
    r.say("GET", path, token=alice)


def groups(r):
    r.talk("api-groups", "groups: make, read, fill, empty, properties, delete")
    base = "/hub/api/groups"
    for method, path, body in (
        ("GET", "", None), ("POST", "", {"groups": ["g1", "g2"]}), ("POST", "", {"groups": ["g1"]}), ("POST", "", {"groups": "x"}), ("POST", "", {}), ("POST", "", []),
        ("POST", "", {"groups": ["g3"], "users": ["alice"]}), ("POST", "", {"groups": ["g4"], "users": ["nobody"]}),
        ("POST", "/g5", None), ("POST", "/g5", None), ("POST", "/g6", {"users": ["bob"]}), ("POST", "/g7", {"nope": 1}), ("POST", "/g8", {"users": ["nobody"]}),
        ("GET", "/g5", None), ("GET", "/nope", None), ("POST", "/g5/users", {"users": ["alice", "bob"]}), ("POST", "/g5/users", {"users": ["nobody"]}),
        ("POST", "/g5/users", {}), ("POST", "/g5/users", None), ("POST", "/nope/users", {"users": []}), ("DELETE", "/g5/users", {"users": ["bob"]}), ("DELETE", "/g5/users", None),
        ("PUT", "/g5/properties", {"k": [1]}), ("PUT", "/g5/properties", []), ("PUT", "/g5/properties", None), ("PUT", "/nope/properties", {}),
        ("GET", "", None), ("DELETE", "/g5", None), ("DELETE", "/g5", None), ("GET", "/g5/properties", None), ("PATCH", "/g1", {}),
    ):
        r.say(method, base + path, token=SERVICE, json_body=body)
    r.say("GET", base, token=SERVICE, headers=PAGED, note="paged")
    r.say("GET", base, token=r.tokens["alice"], note="without the scope")
    r.say("GET", base + "/g1", token=r.tokens["alice"], note="without the scope")


def services(r):
    r.talk("api-services", "services: read, make, delete")
    base = "/hub/api/services"
    for method, path, body in (
        ("GET", "", None), ("GET", "/svc", None), ("GET", "/nope", None), ("POST", "/new", {"url": "http://127.0.0.1:9"}), ("POST", "/new2", {}), ("POST", "/new2", None),
        ("POST", "/new3", {"admin": False}), ("POST", "/new3", {"admin": False}), ("POST", "/new4", {"command": ["x"]}), ("POST", "/new5", {"nope": 1}),
        ("POST", "/new6", {"oauth_client_id": "x", "oauth_redirect_uri": "http://x/"}), ("POST", "/new7", {"oauth_client_id": "service-new7"}),
        ("POST", "/svc", {"admin": False}), ("DELETE", "/svc", None), ("DELETE", "/new3", None), ("DELETE", "/new3", None), ("PATCH", "/svc", {}),
    ):
        r.say(method, base + path, token=SERVICE, json_body=body)
    r.say("GET", base, token=r.tokens["alice"], note="without the scope")


def proxy(r):
    r.talk("api-proxy", "the proxy's table by the hub's API")
    r.say("GET", "/hub/api/proxy", token=SERVICE)
    r.say("GET", "/hub/api/proxy", token=SERVICE, headers=PAGED, note="paged")
    r.say("POST", "/hub/api/proxy", token=SERVICE)
    r.say("PATCH", "/hub/api/proxy", token=SERVICE)
    r.say("PATCH", "/hub/api/proxy", token=SERVICE, json_body=[])
    r.say("PATCH", "/hub/api/proxy", token=SERVICE, json_body={"nope": 1})
    r.say("GET", "/hub/api/proxy", token=r.tokens["alice"], note="without the scope")


def bodies(r):
    r.talk("api-bad-bodies", "bodies that are no JSON, no UTF-8, or too much")
    json_type = {"Content-Type": "application/json"}
    for body in (b"{", b"", b" ", b"nul", b"\xff\xfe", b'{"usernames": ["\xff"]}', b"[" * 20000, b'{"a": NaN}', b'{"usernames": ["z"], "usernames": ["y"]}',
                 b"\xef\xbb\xbf{}", b"'x'"):
        r.say("POST", "/hub/api/users", token=SERVICE, body=body, headers=json_type)
        if len(body) > 1000:
            r.current[-1]["request"]["body"] = f"{body[:1].decode()} repeated {len(body)} times"
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "nonsense"):
        r.say("POST", "/hub/api/users", token=SERVICE, body=b'{"usernames": ["alice"]}', headers={"Content-Type": content_type})
    r.say("GET", "/hub/api/users/alice", token=SERVICE, body=b"{", headers=json_type, note="GET with a body")
    r.say("DELETE", "/hub/api/users/nobody", token=SERVICE, body=b"{", headers=json_type, note="DELETE with a bad body")


def methods(r):
    r.talk("api-methods", "methods that an endpoint does not know; OPTIONS and HEAD")
    for path in ("", "/", "/info", "/user", "/users", "/users/alice", "/users/alice/tokens", "/users/alice/activity", "/users/alice/server", "/users/alice/server/progress", "/groups",
                 "/groups/g1", "/services", "/services/svc", "/proxy", "/shutdown", "/shares/alice", "/oauth2/authorize", "/health", "/nothing"):
        for method in ("OPTIONS", "HEAD"):
            r.say(method, f"/hub/api{path}")
        for method in ("PUT", "PATCH", "DELETE"):
            if path and not (path == "/users/alice" and method != "PUT") and not (path == "/proxy" and method == "PATCH"):
                r.say(method, f"/hub/api{path}", token=SERVICE)
    r.say("OPTIONS", "/hub/api/users", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})
