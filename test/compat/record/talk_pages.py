"""Conversations a browser has with the hub's pages: sign-in, sign-out, redirects, errors, methods."""

import time

from conversation import Session

NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}


def hold(r):
    anonymous(r)
    sign_in(r)
    signed_in(r)
    next_urls(r)
    stopped_server(r)
    sign_out(r)
    methods(r)
    hostile(r)
    through_proxy(r)


def anonymous(r):
    r.talk("pages-anonymous", "pages asked for by nobody in particular")
    for path in (
        "/", "/hub", "/hub/", "/hub/home", "/hub/login", "/hub/login?next=%2Fhub%2Ftoken", "/hub/login?username=al",
        "/hub/spawn", "/hub/spawn/alice", "/hub/spawn-pending/alice", "/hub/admin", "/hub/token", "/hub/logout",
        "/hub/user/alice", "/hub/user/alice/", "/user/alice", "/user/alice/", "/user/alice/lab?x=1",
        "/hub/user-redirect", "/hub/user-redirect/", "/hub/user-redirect/lab/tree/x?y=1", "/user-redirect/lab",
        "/hub/accept-share?code=nothing", "/hub/error/404", "/hub/error/503", "/hub/error/xyz", "/hub/health",
        "/hub/api/health", "/hub/metrics", "/hub/api/metrics", "/hub/nothing", "/hub/nothing/", "/foo?q=1",
        "/hub/static/favicon.ico", "/hub/static/nothing.js", "/hub/static/", "/favicon.ico", "/robots.txt",
        "/hub/oauth_login", "/services/svc", "/services/svc/", "/hub/security/csp-report",
    ):
        answer = r.say("GET", path, headers={"Accept": "text/html"})
        if "static/favicon" in path or path == "/favicon.ico":
            # the picture itself is no fact worth keeping
            r.current[-1]["response"]["body"] = f"({len(answer.body)} bytes)"
    r.say("GET", "/hub/logo", quiet=True)


def sign_in(r):
    r.talk("sign-in", "the login form: right, wrong, without a token, over-long, missing fields")
    s = Session()
    r.say("GET", "/hub/login", session=s, headers=NAVIGATE)
    r.say("POST", f"/hub/login?_xsrf={s.xsrf}", session=s, form={"username": "alice", "password": "wrong"},
          note="wrong password")
    r.say("POST", f"/hub/login?_xsrf={s.xsrf}", session=s, form={"username": "x" * 40, "password": "wrong"},
          note="wrong password, long name")
    r.say("POST", "/hub/login", session=s, form={"username": "alice", "password": "secret"}, note="no xsrf argument")
    r.say("POST", "/hub/login?_xsrf=nonsense", session=s, form={"username": "alice", "password": "secret"},
          note="wrong xsrf argument")
    # a token made in the same second for the same address would be equal
    time.sleep(1.1)
    r.say("POST", "/hub/login?_xsrf=" + s.xsrf, form={"username": "alice", "password": "secret"},
          note="right argument, no cookies")
    r.say("POST", "/hub/login", session=s, headers={**NAVIGATE, "X-XSRFToken": s.xsrf},
          form={"username": "alice", "password": "wrong"}, note="xsrf in a header")
    r.say("POST", f"/hub/login?_xsrf={s.xsrf}", session=s, form={}, note="no fields")
    r.say("POST", f"/hub/login?_xsrf={s.xsrf}", session=s, form={"username": "", "password": "secret"},
          note="empty name")
    r.say("POST", f"/hub/login?_xsrf={s.xsrf}", session=s, form={"username": "a/b", "password": "secret"},
          note="a name with a slash")
    r.say("POST", f"/hub/login?_xsrf={s.xsrf}", session=s, json_body={"username": "alice", "password": "secret"},
          note="JSON instead of a form")
    r.say("POST", "/hub/login", session=s, form={"username": " Alice ", "password": "secret", "_xsrf": s.xsrf},
          note="right, xsrf in the form, name to normalise")
    r.say("GET", "/hub/login", session=s, headers=NAVIGATE, note="again, signed in")
    r.say("GET", "/hub/home", session=s, headers=NAVIGATE)
    r.say("GET", "/hub/", session=s, headers=NAVIGATE)
    r.say("GET", "/", session=s, headers=NAVIGATE)


def signed_in(r):
    r.talk("pages-signed-in", "pages for a user without and with the admin role")
    for user in ("alice", "root"):
        s = r.sign_in(user)
        for path in (
            "/hub/home", "/hub/token", "/hub/admin", "/hub/spawn-pending/alice", "/hub/spawn-pending/nobody",
            "/hub/spawn/nobody", "/hub/user/alice/", "/hub/user/nobody/", "/hub/user/root/lab", "/hub/user-redirect/lab?x=1",
            "/hub/accept-share?code=nothing", "/hub/accept-share", "/hub/metrics", "/hub/nothing", "/hub/error/500",
        ):
            r.say("GET", path, session=s, headers=NAVIGATE, note=user)
            if path == "/hub/metrics":
                r.current[-1]["response"].pop("body", None)


def next_urls(r):
    r.talk("next-urls", "what login accepts as the place to go")
    s = r.sign_in("alice")
    for target in (
        "/hub/token", "/hub/token?a=1#f", "/user/alice/lab", "https://evil.example/", "//evil.example/", "///evil.example/",
        "/\\evil.example", "\\\\evil.example", "token", "http://127.0.0.1:9/hub/token", "javascript:alert(1)", "/%5Cevil.example",
        "/hub/../x", "", "//", "/\t/evil.example", "https:///evil.example", "http:/evil.example", "/@evil.example",
    ):
        encoded = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in target)
        r.say("GET", f"/hub/login?next={encoded}", session=s, headers=NAVIGATE, note=f"next is {target!r}")
    r.say("GET", "/hub/login?next=http%3A%2F%2F127.0.0.1%3A" + str(r.hub.hub) + "%2Fhub%2Ftoken", session=s,
          headers=NAVIGATE, note="absolute, this host")
    r.say("GET", "/hub/login?a=1&_xsrf=x&b=2", session=s, headers=NAVIGATE, note="other arguments, no next")


def stopped_server(r):
    r.talk("server-not-running", "/user/... of a server that is not running")
    s = r.sign_in("alice")
    for headers, note in (
        ({"Accept": "text/html"}, "html"),
        ({"Accept": "application/json"}, "json"),
        ({"Accept": "*/*"}, "any"),
        ({}, "no accept"),
        ({"Accept": "text/html;q=0.5, application/json"}, "json first by weight"),
    ):
        r.say("GET", "/hub/user/alice/lab?x=1", session=s, headers=headers, note=note)
    r.say("GET", "/hub/user/alice/api/contents", session=s, headers={"Accept": "text/html"}, note="a segment named api")
    for method in ("POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"):
        r.say(method, f"/hub/user/alice/lab?_xsrf={s.xsrf}", session=s)
    r.say("POST", "/hub/user/alice/lab", session=s, note="no xsrf")
    r.say("GET", "/hub/user/alice", session=s)


def sign_out(r):
    r.talk("sign-out", "logout, and what is left afterwards")
    s = r.sign_in("alice")
    copy = Session()
    copy.cookies = dict(s.cookies)
    r.say("GET", "/hub/logout", session=s, headers=NAVIGATE)
    r.say("GET", "/hub/home", session=s, headers=NAVIGATE, note="cookies cleared")
    r.say("GET", "/hub/home", session=copy, headers=NAVIGATE, note="a copy of the cookies taken before")
    r.say("GET", "/hub/logout", headers=NAVIGATE, note="nobody")
    r.say("POST", "/hub/logout", headers=NAVIGATE, note="POST")


def methods(r):
    r.talk("methods", "methods that a page does not know, with and without a token")
    s = r.sign_in("alice")
    for path in ("/hub/login", "/hub/home", "/hub/health", "/hub/nothing", "/hub/", "/", "/hub/static/favicon.ico", "/foo"):
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST"):
            r.say(method, path, headers={"Accept": "text/html"})
    for path in ("/hub/home", "/hub/nothing"):
        r.say("PUT", f"{path}?_xsrf={s.xsrf}", session=s, headers={"Accept": "text/html"}, note="with an xsrf token")
    r.say("BREW", "/hub/home", note="an unknown method")
    r.say("TRACE", "/hub/home")


def hostile(r):
    r.talk("hostile", "bytes that are no text, and things too long")
    s = r.sign_in("alice")
    for path in (
        "/hub/%ff", "/hub/user/%ff/", "/hub/login?next=%ff", "/hub/login?username=%ff%fe", "/hub/api/users/%ff",
        "/hub/error/99999999999999999999", "/hub/error/999", "/hub/error/200", "/hub/%00", "/hub/user/alice/%00", "//hub/home", "/hub//home",
        "/hub/../hub/home", "/hub/%2e%2e/home", "/hub/home;x=1", "/hub/login?" + "a" * 8000,
        "/hub/api/users/" + "a" * 300, "/hub/user/" + "a" * 300 + "/",
    ):
        r.say("GET", path, session=s, headers={"Accept": "text/html"})
    r.say("POST", f"/hub/login?_xsrf={s.xsrf}", session=s, body=b"username=%ff%fe&password=\xff",
          headers={"Content-Type": "application/x-www-form-urlencoded"}, note="a form that is not UTF-8")
    r.say("GET", "/hub/home", headers={"Cookie": "jupyterhub-hub-login=\"2|1:0|10:1700000000|x\"; _xsrf=%%%"},
          note="cookies that are no cookies")
    r.say("GET", "/hub/api/user", headers={"Authorization": "token \xff"}, note="a token that is no ASCII")
    r.say("GET", "/hub/home", headers={"X-Forwarded-For": "not an address", "X-Forwarded-Proto": "gopher"})
    r.say("GET", "/hub/home", headers={"Host": "evil.example"})


def through_proxy(r):
    r.talk("through-proxy", "the same places by the public port")
    public = r.hub.public
    for path in ("/", "/hub", "/hub/login", "/user/alice/", "/foo", "/hub/api", "/hub/health"):
        r.say("GET", path, headers={"Accept": "text/html"}, port=public)
    s = r.sign_in("alice")
    r.say("GET", "/user/alice/lab", session=s, headers={"Accept": "text/html"}, port=public)
    r.say("GET", "/user/alice/api/x", session=s, headers={"Accept": "application/json"}, port=public)
