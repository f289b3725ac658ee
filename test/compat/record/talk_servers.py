"""Conversations about servers: start, wait, stop, progress, named servers, throttling, the pages."""

import json
import re
import threading
import time

from conversation import exchange

SERVICE = "recorder-token-of-the-fixtures"
NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
NUMBER = re.compile(r"\b[3-6]0 seconds")
SERVER = "/hub/api/users/alice/server"


def hold(r):
    r.name(SERVICE, "token:recorder")
    setup(r, ["alice", "bob"])
    default_server(r)
    slow_server(r)
    failing_server(r)
    cancelled(r)
    bad_bodies(r)
    named(r)
    rename(r)
    pages(r)


def setup(r, names):
    r.talk("unused", "set-up")
    r.say("POST", "/hub/api/users", token=SERVICE, json_body={"usernames": names}, quiet=True)
    r.tokens = {}
    for name in names:
        answer = r.say("POST", f"/hub/api/users/{name}/tokens", token=SERVICE, json_body={}, quiet=True)
        r.tokens[name] = answer.json()["token"]
        r.name(r.tokens[name], f"token:{name}")
    del r.talks["unused"]


def until(r, user, condition, limit=20):
    """Waits, unrecorded, until a user's model satisfies the condition."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        model = r.say("GET", f"/hub/api/users/{user}?include_stopped_servers=1", token=SERVICE, quiet=True).json()
        if condition(model):
            return model
        time.sleep(0.2)
    raise RuntimeError(f"{user} did not come to the state in {limit} s")


def at_rest(model):
    return not any(s["pending"] for s in model["servers"].values())


def progress(r, path, **how):
    r.say("GET", path, **how)


def default_server(r):
    r.talk("server-start-stop", "a server that starts at once: start, again, progress, models, stop, again")
    token = r.tokens["alice"]
    r.say("GET", f"{SERVER}/progress", token=token, note="progress, never started")
    r.say("DELETE", SERVER, token=token, note="stop, not running")
    r.say("POST", SERVER, token=token, note="start")
    r.say("POST", SERVER, token=token, note="start, running")
    progress(r, f"{SERVER}/progress", token=token, note="progress, ready")
    r.say("GET", SERVER, token=token)
    r.say("GET", "/hub/api/users/alice", token=token)
    r.say("GET", "/hub/api/users/alice", token=SERVICE)
    r.say("GET", "/hub/api/users?state=ready", token=SERVICE)
    r.say("GET", "/hub/api/users?state=active", token=SERVICE)
    r.say("GET", "/hub/api/proxy", token=SERVICE)
    r.say("GET", "/hub/api/users/alice/tokens", token=token)
    r.say("GET", "/user/alice/x", port=r.hub.public, note="the server by the public port")
    r.say("GET", "/hub/user/alice/x", token=token, headers={"Accept": "text/html"}, note="the hub's page of a running server")
    for redirects in (1, 2, 3):
        r.say("GET", f"/hub/user/alice/x?redirects={redirects}", token=token, headers={"Accept": "text/html"})
    r.say("POST", SERVER, token=r.tokens["bob"], note="another user's")
    r.say("DELETE", SERVER, token=r.tokens["bob"], note="another user's")
    r.say("GET", SERVER, token=r.tokens["bob"], note="another user's")
    r.say("PUT", SERVER, token=token, json_body={})
    r.say("DELETE", SERVER, token=token, json_body={"remove": True}, note="remove the default server")
    r.say("DELETE", SERVER, token=token, note="stop")
    r.say("DELETE", SERVER, token=token, note="stop, stopped")
    r.say("GET", SERVER, token=token)
    r.say("GET", f"{SERVER}/progress", token=token, note="progress, stopped")
    r.say("POST", "/hub/api/users/nobody/server", token=SERVICE)
    r.say("POST", SERVER, note="nobody")


def slow_server(r):
    r.talk("server-slow", "a server that takes longer than the request waits")
    token = r.tokens["alice"]
    s = r.sign_in("alice")
    r.say("POST", SERVER, token=token, json_body={"delay": 3.2}, note="start")
    r.say("POST", SERVER, token=token, note="start, pending")
    r.say("GET", SERVER, token=token)
    r.say("GET", "/hub/api/users?state=ready", token=SERVICE)
    r.say("GET", "/hub/spawn-pending/alice", session=s, headers=NAVIGATE)
    r.say("GET", "/hub/user/alice/lab", session=s, headers=NAVIGATE)
    r.say("GET", "/hub/user/alice/lab", session=s, headers={"Accept": "application/json"})
    r.say("GET", "/hub/spawn/alice", session=s, headers=NAVIGATE)
    r.say("GET", "/hub/home", session=s, headers=NAVIGATE)
    progress(r, f"{SERVER}/progress", token=token, note="progress until it is ready")
    until(r, "alice", at_rest)
    r.say("GET", "/hub/spawn-pending/alice", session=s, headers=NAVIGATE, note="ready")
    r.say("GET", "/hub/spawn-pending/alice?next=%2Fuser%2Falice%2Flab", session=s, headers=NAVIGATE, note="ready, next")
    r.say("DELETE", SERVER, token=token)
    until(r, "alice", at_rest)


def failing_server(r):
    r.talk("server-fails", "a server that exits, and one that never answers")
    token = r.tokens["alice"]
    s = r.sign_in("alice")
    r.say("POST", SERVER, token=token, json_body={"exit": 3}, note="exits at once")
    progress(r, f"{SERVER}/progress", token=token, note="progress")
    until(r, "alice", at_rest)
    progress(r, f"{SERVER}/progress", token=token, note="progress, failed")
    r.say("GET", SERVER, token=token)
    r.say("GET", "/hub/spawn-pending/alice", session=s, headers=NAVIGATE, note="failed")
    r.say("GET", "/hub/user/alice/lab", session=s, headers=NAVIGATE, note="failed")
    r.say("GET", "/hub/home", session=s, headers=NAVIGATE, note="failed")
    r.say("POST", SERVER, token=token, json_body={"delay": 30}, note="never answers")
    progress(r, f"{SERVER}/progress", token=token, note="progress")
    until(r, "alice", at_rest)
    r.say("GET", SERVER, token=token)
    r.say("GET", "/hub/api/users/alice/tokens", token=SERVICE, note="what the failures left")


def cancelled(r):
    r.talk("server-cancelled", "a start that is stopped while it is pending")
    token = r.tokens["alice"]
    r.say("POST", SERVER, token=token, json_body={"delay": 30})
    r.say("DELETE", SERVER, token=token, note="stop, starting")
    until(r, "alice", at_rest)
    r.say("GET", SERVER, token=token)
    progress(r, f"{SERVER}/progress", token=token, note="progress, cancelled")
    waiting = {}

    def start():
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        body = json.dumps({"delay": 30}).encode()
        answer = exchange(r.hub.hub, "POST", SERVER, headers, body, limit=12)
        waiting.update({"status": answer.status, "body": answer.text})

    thread = threading.Thread(target=start)
    thread.start()
    time.sleep(0.8)
    r.say("DELETE", SERVER, token=token, note="stop, while the start request waits for its answer")
    thread.join()
    r.current.append({"note": "what that start request got", "response": waiting})
    until(r, "alice", at_rest)
    r.say("POST", SERVER, token=token, json_body={"delay": 0.1}, note="start after a cancelled start")
    r.say("GET", SERVER, token=token)
    r.say("DELETE", SERVER, token=token, quiet=True)
    until(r, "alice", at_rest)


def bad_bodies(r):
    r.talk("server-bodies", "bodies of a start")
    token = r.tokens["alice"]
    r.say("POST", SERVER, token=token, json_body={"user_options": {"first": 1}}, quiet=True)
    r.say("DELETE", SERVER, token=token, quiet=True)
    until(r, "alice", at_rest)
    for body in ([], {}, "x", 1, {"user_options": []}, {"user_options": "x"}, {"display_name": 1}, {"user_options": {"a": 1}, "display_name": "shown"}, {"user_options": None}, {"x": 1}):
        r.say("POST", SERVER, token=token, json_body=body)
        r.say("GET", SERVER, token=token, note="the model after it")
        r.say("DELETE", SERVER, token=token, quiet=True)
        until(r, "alice", at_rest)
    r.say("POST", SERVER, token=token, body=b"{", headers={"Content-Type": "application/json"})


def named(r):
    r.talk("named-servers", "named servers: make, start, read, limits, names, stop, remove")
    token = r.tokens["bob"]
    base = "/hub/api/users/bob/servers"
    for method, path, body in (
        ("GET", "/gpu", None), ("PUT", "/gpu", None), ("PUT", "/gpu", None), ("GET", "/gpu", None), ("POST", "/gpu", {"user_options": {"x": 1}, "display_name": "My GPU"}), ("GET", "/gpu", None),
        ("POST", "/gpu", None), ("POST", "/second", None), ("POST", "/third", None), ("PUT", "/third", None), ("POST", "/Not-Valid", None), ("POST", "/a--b", None), ("POST", "/" + "a" * 31, None),
        ("POST", "/a%2Fb", None), ("POST", "/", None), ("GET", "/", None), ("GET", "/nope", None), ("GET", "/gpu/progress", None), ("GET", "/nope/progress", None), ("DELETE", "/nope", None),
        ("DELETE", "/gpu", None), ("GET", "/gpu", None), ("DELETE", "/gpu", {"remove": True}), ("GET", "/gpu", None), ("DELETE", "/second", {"remove": "yes"}), ("GET", "/second", None),
        ("PUT", "/x", {"display_name": ""}), ("PUT", "/y", {"display_name": "d" * 300}), ("PUT", "/y", {"display_name": " x"}), ("PUT", "/y", {"display_name": "a\u0301"}), ("GET", "/y", None), ("PUT", "/z", {"nope": 1}), ("DELETE", "/", None),
    ):
        r.say(method, base + path, token=token, json_body=body)
        if method in ("POST", "DELETE"):
            until(r, "bob", at_rest)
    r.say("GET", "/hub/api/users/bob?include_stopped_servers=1", token=token)


def rename(r):
    r.talk("server-patch", "PATCH of a server: names, display names, options, and its bad forms")
    token = r.tokens["bob"]
    base = "/hub/api/users/bob/servers"
    for path, body in (
        ("/x", {"display_name": "New name"}), ("/x", {"user_options": {"a": 1}}), ("/x", {"name": "renamed"}), ("/renamed", {"name": "y"}), ("/renamed", {"name": "Not Valid"}), ("/renamed", {}),
        ("/renamed", None), ("/renamed", []), ("/renamed", {"nope": 1}), ("/renamed", {"name": 1}), ("/renamed", {"display_name": 1}), ("/renamed", {"user_options": 1}), ("/renamed", {"user_options": None}), ("/nope", {"display_name": "x"}),
        ("/nope", {"name": "fine"}),
    ):
        r.say("PATCH", base + path, token=token, json_body=body)
    r.say("PATCH", "/hub/api/users/bob/server", token=token, json_body={"display_name": "default"})
    r.say("POST", f"{base}/renamed", token=token, quiet=True)
    until(r, "bob", at_rest)
    r.say("PATCH", f"{base}/renamed", token=token, json_body={"display_name": "y"}, note="running")
    r.say("DELETE", f"{base}/renamed", token=token, quiet=True)
    until(r, "bob", at_rest)


def pages(r):
    r.talk("spawn-pages", "starting by the pages")
    s = r.sign_in("alice")
    r.say("GET", "/hub/spawn", session=s, headers=NAVIGATE)
    until(r, "alice", at_rest)
    r.say("GET", "/hub/spawn", session=s, headers=NAVIGATE, note="running")
    r.say("GET", "/hub/spawn?next=%2Fuser%2Falice%2Flab", session=s, headers=NAVIGATE, note="running, next")
    r.say("GET", "/hub/home", session=s, headers=NAVIGATE, note="running")
    r.say("GET", "/hub/", session=s, headers=NAVIGATE, note="running")
    r.say("POST", f"/hub/spawn/alice?_xsrf={s.xsrf}", session=s, form={}, headers=NAVIGATE, note="running")
    r.say("DELETE", SERVER, token=r.tokens["alice"], quiet=True)
    until(r, "alice", at_rest)
    r.say("POST", "/hub/spawn/alice", session=s, form={}, headers=NAVIGATE, note="no xsrf")
    r.say("POST", f"/hub/spawn/alice?_xsrf={s.xsrf}", session=s, form={}, headers=NAVIGATE)
    until(r, "alice", at_rest)
    r.say("DELETE", SERVER, token=r.tokens["alice"], quiet=True)
    until(r, "alice", at_rest)
    r.say("GET", "/hub/spawn/bob", session=s, headers=NAVIGATE, note="another user's")
    r.say("GET", "/hub/spawn?opt-=1", session=s, headers=NAVIGATE, note="an option without a name")
    r.say("GET", "/hub/spawn/alice/New%20Name", session=s, headers=NAVIGATE, note="a named server, bad name")
    r.say("GET", "/hub/spawn?exit=3", session=s, headers=NAVIGATE, note="exits at once; options as lists of text")
    until(r, "alice", at_rest)


def hold_plain(r):
    r.name(SERVICE, "token:recorder")
    setup(r, ["alice"])
    r.talk("named-servers-off", "named servers where they are not allowed; a form of options is absent")
    token = r.tokens["alice"]
    for method, path in (("PUT", "/gpu"), ("POST", "/gpu"), ("GET", "/gpu"), ("DELETE", "/gpu"), ("PATCH", "/gpu"), ("POST", "/")):
        r.say(method, f"/hub/api/users/alice/servers{path}", token=token, json_body={})
    until(r, "alice", at_rest)
    r.talk("shutdown", "POST shutdown")
    r.say("POST", "/hub/api/shutdown", token=token, json_body={}, note="without the scope")
    r.say("POST", "/hub/api/shutdown", token=SERVICE, json_body={"proxy": "yes"})
    r.say("POST", "/hub/api/shutdown", token=SERVICE, json_body=[])
    r.say("POST", "/hub/api/shutdown", token=SERVICE, json_body={})


def rounded(answer):
    """The wait that a throttled request is told is random, in tens of seconds."""
    answer["message"] = NUMBER.sub("{tens} seconds", answer["message"])


def hold_throttle(r):
    r.name(SERVICE, "token:recorder")
    setup(r, ["alice", "bob", "carol", "dan"])
    r.talk("throttle", "concurrent_spawn_limit = 1, then active_server_limit = 2")
    r.say("POST", SERVER, token=r.tokens["alice"], json_body={"delay": 3}, note="first, slow")
    r.say("POST", "/hub/api/users/bob/server", token=r.tokens["bob"], note="second, while the first is pending")
    retry = r.current[-1]["response"]["headers"].get("retry-after")
    r.current[-1]["response"]["headers"]["retry-after"] = "{30..60}" if retry and 30 <= int(retry) <= 60 else retry
    rounded(r.current[-1]["response"]["json"])
    s = r.sign_in("bob")
    r.say("GET", "/hub/spawn", session=s, headers=NAVIGATE, note="the same by a page")
    response = r.current[-1]["response"]
    if "retry-after" in response["headers"]:
        response["headers"]["retry-after"] = "{30..60}"
    response["page"]["errors"] = [NUMBER.sub("{tens} seconds", e) for e in response["page"]["errors"]]
    until(r, "alice", at_rest)
    r.say("POST", "/hub/api/users/bob/server", token=r.tokens["bob"], note="the second, now")
    until(r, "bob", at_rest)
    r.say("POST", "/hub/api/users/carol/server", token=r.tokens["carol"], note="a third active server")
