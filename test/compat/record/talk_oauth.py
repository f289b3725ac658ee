"""Conversations with the OAuth provider: authorize, token, their refusals, PKCE, revocation."""

import base64
import hashlib
from urllib.parse import quote, urlencode

from conversation import query

CALLBACK = "http://127.0.0.1:9/services/svc/oauth_callback"
SECRET = "svc-token-of-the-fixtures"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
S256 = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}


def authorize_path(**changes):
    fields = {"client_id": "service-svc", "redirect_uri": CALLBACK, "response_type": "code", "state": "st", **changes}
    return "/hub/api/oauth2/authorize?" + urlencode({k: v for k, v in fields.items() if v is not None})


def code_of(r, session, note=None, quiet=True, scopes=("read:users!user",), **changes):
    """Confirms the page and gives the code that came back."""
    path = authorize_path(**changes)
    answer = r.say("POST", f"{path}&_xsrf={session.xsrf}", session=session, form={"scopes": list(scopes)}, note=note,
                   quiet=quiet, headers=NAVIGATE)
    code = query(answer.header("Location") or "").get("code")
    r.name(code, "code")
    if not quiet:
        r.current[-1]["response"]["headers"]["location"] = r.hide(answer.header("Location") or "")
    return code


def exchange(r, code, note=None, quiet=False, headers=None, **changes):
    fields = {
        "client_id": "service-svc", "client_secret": SECRET, "grant_type": "authorization_code", "code": code,
        "redirect_uri": CALLBACK, **changes,
    }
    answer = r.say("POST", "/hub/api/oauth2/token", form={k: v for k, v in fields.items() if v is not None},
                   note=note, quiet=quiet, headers=headers or {})
    if answer.status == 200:
        r.name(answer.json()["access_token"], "access_token")
        if not quiet:
            r.current[-1]["response"] = r.response(answer)
    return answer


def hold(r):
    authorize(r)
    confirm(r)
    tokens(r)
    pkce(r)
    reuse(r)
    revocation(r)


def authorize(r):
    r.talk("oauth-authorize", "GET authorize: its page, and every way it refuses")
    r.say("GET", authorize_path(), headers=NAVIGATE, note="nobody")
    s = r.sign_in("alice")
    r.say("GET", authorize_path(), session=s, headers=NAVIGATE, note="the confirmation page")
    for note, changes in (
        ("no client_id", {"client_id": None}),
        ("unknown client", {"client_id": "service-none"}),
        ("the hub's own client", {"client_id": "jupyterhub"}),
        ("another redirect_uri", {"redirect_uri": "http://evil.example/"}),
        ("redirect_uri with a suffix", {"redirect_uri": CALLBACK + "/x"}),
        ("redirect_uri that is no URI", {"redirect_uri": "nonsense"}),
        ("no redirect_uri", {"redirect_uri": None}),
        ("no response_type", {"response_type": None}),
        ("response_type token", {"response_type": "token"}),
        ("no state", {"state": None}),
        ("a scope that is not allowed", {"scope": "admin:users"}),
        ("a scope that does not exist", {"scope": "nope"}),
        ("a role", {"scope": "user"}),
        ("identify", {"scope": "identify"}),
        ("a scope of the client", {"scope": "read:users!user"}),
        ("PKCE S256", S256),
        ("PKCE plain by omission", {"code_challenge": VERIFIER}),
        ("PKCE with an unknown method", {"code_challenge": VERIFIER, "code_challenge_method": "S512"}),
        ("PKCE method without a challenge", {"code_challenge_method": "S256"}),
        ("PKCE with an empty challenge", {"code_challenge": "", "code_challenge_method": "S256"}),
    ):
        r.say("GET", authorize_path(**changes), session=s, headers=NAVIGATE, note=note)
    r.say("GET", authorize_path() + "&client_id=service-quiet", session=s, headers=NAVIGATE, note="client_id twice")
    r.say("GET", authorize_path(client_id="service-quiet", redirect_uri=None), session=s, headers=NAVIGATE,
          note="a client that needs no confirmation")
    location = r.current[-1]["response"]["headers"].get("location", "")
    code = query(location).get("code")
    r.name(code, "code")
    r.current[-1]["response"]["headers"]["location"] = r.hide(location)


def confirm(r):
    r.talk("oauth-confirm", "POST authorize: the form of the confirmation page")
    s = r.sign_in("alice")
    r.say("GET", authorize_path(), session=s, headers=NAVIGATE, quiet=True)
    r.say("POST", authorize_path(), session=s, form={"scopes": "read:users!user"}, headers=NAVIGATE, note="no xsrf")
    code_of(r, s, "one scope", quiet=False)
    code_of(r, s, "no scope", quiet=False, scopes=())
    code_of(r, s, "a scope beyond the client's", quiet=False, scopes=("admin:users",))
    code_of(r, s, "a scope that does not exist", quiet=False, scopes=("nope",))
    r.say("POST", f"{authorize_path()}&_xsrf={s.xsrf}", form={"scopes": "read:users!user"}, headers=NAVIGATE,
          note="nobody")


def tokens(r):
    r.talk("oauth-token", "POST token: the exchange, and every way it refuses")
    s = r.sign_in("alice")
    exchange(r, code_of(r, s), "right")
    for note, changes in (
        ("no client_id", {"client_id": None}),
        ("unknown client", {"client_id": "service-none"}),
        ("no secret", {"client_secret": None}),
        ("wrong secret", {"client_secret": "wrong"}),
        ("the hub's own client", {"client_id": "jupyterhub", "client_secret": ""}),
        ("no grant_type", {"grant_type": None}),
        ("grant_type password", {"grant_type": "password"}),
        ("grant_type refresh_token", {"grant_type": "refresh_token"}),
        ("grant_type client_credentials", {"grant_type": "client_credentials"}),
        ("another client's code", {"client_id": "service-quiet", "client_secret": "quiet-token-of-the-fixtures",
                                   "redirect_uri": "http://127.0.0.1:9/services/quiet/oauth_callback"}),
    ):
        exchange(r, code_of(r, s), note, **changes)
    exchange(r, None, "no code")
    exchange(r, "nonsense", "unknown code")
    exchange(r, code_of(r, s), "no redirect_uri", redirect_uri=None)
    exchange(r, code_of(r, s, redirect_uri=None), "redirect_uri sent only here")
    code = code_of(r, s)
    r.say("POST", "/hub/api/oauth2/token", json_body={
        "client_id": "service-svc", "client_secret": SECRET, "grant_type": "authorization_code", "code": code,
    }, note="JSON")
    basic = base64.b64encode(f"service-svc:{SECRET}".encode()).decode()
    exchange(r, code, "credentials by HTTP Basic", client_id=None, client_secret=None,
             headers={"Authorization": f"Basic {basic}"})
    r.say("POST", "/hub/api/oauth2/token", note="nothing at all")
    r.say("POST", "/hub/api/oauth2/token", body=b"code=%ff&grant_type=\xff",
          headers={"Content-Type": "application/x-www-form-urlencoded"}, note="a form that is not UTF-8")
    for method in ("GET", "PUT", "HEAD", "OPTIONS", "DELETE"):
        r.say(method, "/hub/api/oauth2/token")


def pkce(r):
    r.talk("oauth-pkce", "PKCE where it is not demanded")
    s = r.sign_in("alice")
    exchange(r, code_of(r, s, **S256), "S256, right verifier", code_verifier=VERIFIER)
    exchange(r, code_of(r, s, **S256), "S256, no verifier")
    exchange(r, code_of(r, s, **S256), "S256, wrong verifier", code_verifier="w" * 50)
    exchange(r, code_of(r, s, **S256), "S256, the challenge as verifier", code_verifier=CHALLENGE)
    plain = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
    exchange(r, code_of(r, s, **plain), "plain, right verifier", code_verifier=VERIFIER)
    exchange(r, code_of(r, s, **plain), "plain, wrong verifier", code_verifier="w" * 50)
    exchange(r, code_of(r, s, code_challenge=VERIFIER), "method omitted, right verifier", code_verifier=VERIFIER)
    exchange(r, code_of(r, s), "no challenge, a verifier all the same", code_verifier=VERIFIER)
    short = code_of(r, s, code_challenge="short", code_challenge_method="plain")
    exchange(r, short, "plain, a challenge shorter than RFC 7636 allows", code_verifier="short")


def reuse(r):
    r.talk("oauth-code-reuse", "whether a code lives after a use, a wrong verifier, a wrong redirect_uri, a wrong secret")
    s = r.sign_in("alice")
    code = code_of(r, s)
    exchange(r, code, "first use")
    exchange(r, code, "second use")
    code = code_of(r, s, **S256)
    exchange(r, code, "wrong verifier", code_verifier="w" * 50)
    exchange(r, code, "then the right one", code_verifier=VERIFIER)
    code = code_of(r, s, **S256)
    exchange(r, code, "no verifier")
    exchange(r, code, "then the right one", code_verifier=VERIFIER)
    code = code_of(r, s)
    exchange(r, code, "wrong redirect_uri", redirect_uri="http://evil.example/")
    exchange(r, code, "then the right one")
    code = code_of(r, s)
    exchange(r, code, "wrong secret", client_secret="wrong")
    exchange(r, code, "then the right one")
    code = code_of(r, s)
    exchange(r, code, "another client", client_id="service-quiet", client_secret="quiet-token-of-the-fixtures")
    exchange(r, code, "then the right one")


def revocation(r):
    r.talk("oauth-token-life", "an access token: what it reads, and that sign-out ends it")
    s = r.sign_in("alice")
    token = exchange(r, code_of(r, s), "the exchange").json()["access_token"]
    r.say("GET", "/hub/api/user", token=token, note="who am I")
    r.say("GET", "/hub/api/users", token=token, note="more than it holds")
    r.say("GET", authorize_path(scope="read:users!user"), session=s, headers=NAVIGATE,
          note="authorize again: no page, the scopes are held")
    location = r.current[-1]["response"]["headers"].get("location", "")
    r.name(query(location).get("code"), "code")
    r.current[-1]["response"]["headers"]["location"] = r.hide(location)
    r.say("GET", "/hub/logout", session=s, headers=NAVIGATE, quiet=True)
    r.say("GET", "/hub/api/user", token=token, note="after sign-out")
    user = quote("alice")
    r.say("GET", f"/hub/api/users/{user}/tokens", token="recorder-token-of-the-fixtures", quiet=True)


def hold_pkce_required(r):
    r.talk("oauth-pkce-required", "oauth_require_pkce = True")
    s = r.sign_in("alice")
    r.say("GET", authorize_path(), session=s, headers=NAVIGATE, note="no challenge")
    r.say("GET", authorize_path(**S256), session=s, headers=NAVIGATE, note="a challenge")
    code = code_of(r, s, "a challenge, confirmed", quiet=False, **S256)
    exchange(r, code, "right verifier", code_verifier=VERIFIER)
    exchange(r, code_of(r, s, **S256), "no verifier")
    exchange(r, code_of(r, s, **S256), "wrong verifier", code_verifier="w" * 50)
