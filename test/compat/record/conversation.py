"""Speaks HTTP with a hub and writes down what was said, with what varies replaced by names.

Kept whole: status, headers of note, JSON and plain text bodies. Of an HTML page only facts are kept
(title, forms, ids, links): the page itself is JupyterHub's.
"""

import http.client
import json
import re
import time
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

DROPPED = {"date", "content-length", "connection", "transfer-encoding"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
HEX32 = re.compile(r"\b[0-9a-f]{32}\b")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

# words of the stock pages that say nothing about the request
DECORATION = ("The error", "Jupyter has lots")
SERVER_PORT = re.compile(r"(127\.0\.0\.1:)\d{4,5}/user/")
# a list that the hub takes from a set
EXCESS = re.compile(r"(requested scopes )(\S+)( not held)")


class Page(HTMLParser):
    """The facts of an HTML page that a client can depend on."""

    def __init__(self):
        super().__init__()
        self.facts = {"title": "", "forms": [], "ids": [], "links": [], "errors": []}
        self.in_title = False
        # open elements inside an element whose class speaks of an error
        self.error_depth = 0

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag not in VOID and (self.error_depth or "error" in (a.get("class") or "")):
            self.error_depth += 1
        if a.get("id"):
            self.facts["ids"].append(a["id"])
        if tag == "title":
            self.in_title = True
        elif tag == "form":
            self.facts["forms"].append({"action": a.get("action"), "method": a.get("method"), "inputs": []})
        elif tag in ("input", "select", "textarea", "button") and self.facts["forms"]:
            entry = {k: a[k] for k in ("name", "type", "value") if a.get(k) is not None}
            if "name" in a:
                self.facts["forms"][-1]["inputs"].append(entry)
        elif tag == "a" and a.get("href") and "jupyter.org" not in a["href"]:
            self.facts["links"].append(a["href"])

    def handle_endtag(self, tag):
        if self.error_depth and tag not in VOID:
            self.error_depth -= 1
        if tag == "title":
            self.in_title = False

    def handle_data(self, data):
        if self.in_title:
            self.facts["title"] += data.strip()
        if self.error_depth and data.strip() and not data.strip().startswith(DECORATION):
            self.facts["errors"].append(" ".join(data.split()))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf8", "replace")


class Session:
    """A browser's cookies; paths are not looked at, the jar holds one hub."""

    def __init__(self):
        self.cookies = {}

    @property
    def header(self):
        return "; ".join(f"{k}={v}" for k, v in self.cookies.items())

    @property
    def xsrf(self):
        return self.cookies.get("_xsrf", "")

    def take(self, answer):
        for name, value in answer.headers:
            if name.lower() != "set-cookie":
                continue
            key, _, rest = value.partition("=")
            content = rest.split(";")[0]
            if content in ("", '""'):
                self.cookies.pop(key, None)
            else:
                self.cookies[key] = content


class Recorder:
    def __init__(self, hub):
        self.hub = hub
        self.names = {}
        self.talks = {}
        self.current = None
        for port, name in ((hub.hub, "hub-port"), (hub.public, "public-port"), (hub.api, "api-port")):
            for colon in (":", "%3A"):
                self.names[f"{colon}{port}"] = colon + "{" + name + "}"
        self.names[hub.directory] = "{directory}"

    def talk(self, name, about):
        self.current = []
        self.talks[name] = {"about": about, "steps": self.current}

    def name(self, secret, label):
        """From now on the value is written as {label}."""
        if secret:
            self.names[secret] = "{" + label + "}"

    def named(self, text):
        """What was sent: only secrets and ports get names."""
        for value in sorted(self.names, key=len, reverse=True):
            text = text.replace(value, self.names[value])
        return text

    def hide(self, text):
        """What came back: what differs from run to run gets names too."""
        text = TIMESTAMP.sub("{timestamp}", HEX32.sub("{hex32}", self.named(text)))
        text = SERVER_PORT.sub(r"\1{server-port}/user/", text)
        return EXCESS.sub(lambda m: m[1] + ",".join(sorted(m[2].split(","))) + m[3], text)

    def say(self, method, path, *, session=None, token=None, headers=(), json_body=None, form=None, body=None,
            port=None, note=None, name_as=None, quiet=False):
        sent = dict(headers)
        if session is not None and session.cookies:
            sent["Cookie"] = session.header
        if token:
            sent["Authorization"] = f"token {token}"
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("Content-Type", "application/json")
        if form is not None:
            body = urlencode(form, doseq=True).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        answer = exchange(port or self.hub.hub, method, path, sent, body)
        if session is not None:
            session.take(answer)
            for key, value in session.cookies.items():
                self.name(value, f"cookie:{key}")
        for field, label in (name_as or {}).items():
            self.name(answer.json().get(field), label)
        if not quiet:
            self.current.append(self.step(method, path, sent, body, answer, note, port))
        return answer

    def step(self, method, path, sent, body, answer, note, port):
        shown = {k: self.named(v) for k, v in sent.items()}
        request = {"method": method, "path": self.named(path), "headers": shown}
        if body is not None:
            request["body"] = self.named(body.decode("utf8", "backslashreplace"))
        if port == self.hub.public:
            request["through"] = "proxy"
        step = {"request": request, "response": self.response(answer)}
        return {"note": note, **step} if note else step

    def response(self, answer):
        headers = {}
        for key, value in sorted(answer.headers, key=lambda h: h[0].lower()):
            key = key.lower()
            if key in DROPPED:
                continue
            if key == "set-cookie":
                headers.setdefault(key, []).append(self.cookie(value))
            elif key == "etag":
                headers[key] = "{etag}"
            else:
                headers[key] = self.hide(value)
        content_type = answer.header("content-type") or ""
        return {"status": answer.status, "headers": headers, **self.content(content_type, answer.text)}

    def content(self, content_type, text):
        if not text:
            return {"body": ""}
        if "json" in content_type:
            try:
                return {"json": settled(json.loads(self.hide(text)))}
            except ValueError:
                return {"body": self.hide(text)}
        if "html" in content_type:
            page = Page()
            page.feed(text)
            # two links to one place are one fact
            page.facts["links"] = sorted(set(page.facts["links"]))
            return {"page": json.loads(self.hide(json.dumps(page.facts)))}
        if "event-stream" in content_type:
            return {"events": [self.hide(e) for e in text.split("\n\n")]}
        return {"body": self.hide(text)[:4000]}

    def cookie(self, value):
        content, *attributes = value.split("; ")
        key, _, inner = content.partition("=")
        if inner not in ("", '""'):
            inner = self.names.get(inner, inner)
            if inner.startswith(('"2|', "2|")):
                inner = '"{signed}"' if inner.startswith('"') else "{signed}"
            inner = self.hide(inner)
            if key == "_xsrf" and not inner.startswith("{"):
                inner = "{xsrf}"
        shown = []
        for attribute in attributes:
            field, _, date = attribute.partition("=")
            if field.lower() == "expires":
                days = round((parsedate_to_datetime(date).timestamp() - time.time()) / 86400)
                attribute = f"{field}={{now{days:+d}d}}"
            shown.append(attribute)
        return "; ".join([f"{key}={inner}", *shown])

    def sign_in(self, user, password="secret"):
        session = Session()
        self.say("GET", "/hub/login", session=session, quiet=True)
        self.say("POST", f"/hub/login?_xsrf={session.xsrf}", session=session, quiet=True,
                 form={"username": user, "password": password})
        self.say("GET", "/hub/home", session=session, quiet=True)
        assert "jupyterhub-hub-login" in session.cookies, f"{user} could not sign in"
        return session


def settled(value):
    """Sorts the lists whose order the hub leaves to chance."""
    if isinstance(value, dict):
        if isinstance(value.get("scope"), str) and "token_type" in value:
            value = {**value, "scope": " ".join(sorted(value["scope"].split()))}
        return {
            k: sorted(v) if k in ("scopes", "roles", "groups") and all(isinstance(i, str) for i in v or [None])
            else settled(v)
            for k, v in sorted(value.items())
        }
    if isinstance(value, list):
        return [settled(v) for v in value]
    return value


def exchange(port, method, path, headers, body, limit=15):
    """One request; a hub that hangs, hangs up or is gone is an answer too (status None)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for key, value in headers.items():
            connection.putheader(key, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        said = f"no answer within {limit} s" if isinstance(error, TimeoutError) else type(error).__name__
        return Answer(None, [], said.encode())
    finally:
        connection.close()


def query(url):
    """The query of a Location as a dict of first values."""
    return dict(part.partition("=")[::2] for part in urlsplit(url).query.split("&") if part)
