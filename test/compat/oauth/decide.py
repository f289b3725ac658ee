"""Signs one person in for each case, at a real JupyterHub with a real OAuthenticator, and tells what came of it.

Usage: decide.py CASES.json OUT.json

Each case has the authenticator's class, its configuration by section, and the users whom the database knows (the same in all). The hub is
initialised as `jupyterhub` does it (so its users, groups and rules are), without proxy and web server; the callback is
handled by OAuthenticator's own handler.
"""

import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
from unittest.mock import Mock

from jupyterhub import orm
from jupyterhub.app import JupyterHub
from oauthenticator.bitbucket import BitbucketOAuthenticator
from oauthenticator.google import GoogleOAuthenticator
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from traitlets.config import Config


def asks_here(cls, fixed, base):
    """A class asks one address that cannot be configured; all else of it runs as it is."""
    ask = cls.httpfetch

    def httpfetch(self, url, *args, **kwargs):
        return ask(self, url.replace(fixed, base(self)), *args, **kwargs)

    cls.httpfetch = httpfetch


asks_here(GoogleOAuthenticator, "https://www.googleapis.com", lambda self: self.google_api_url)
asks_here(
    BitbucketOAuthenticator, "https://api.bitbucket.org/2.0", lambda self: self.userdata_url.removesuffix("/user")
)


def sets(value):
    """`{"$set": [...]}` as a set, at any depth."""
    if isinstance(value, dict):
        return set(value["$set"]) if "$set" in value else {key: sets(each) for key, each in value.items()}
    return value


# Databases that live for a second need no disk.
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


def database(path, users):
    session = orm.new_session_factory(f"sqlite:///{path}")()
    orm_users = [orm.User(name=user["name"], admin=user["admin"]) for user in users]
    session.add_all(orm_users)
    session.commit()
    session.close()


async def start(case, folder, template):
    path = os.path.join(folder, "jupyterhub.sqlite")
    shutil.copy(template, path)
    config = Config()
    for section, traits in case["config"].items():
        for name, value in traits.items():
            config[section][name] = sets(value)
    config.JupyterHub.authenticator_class = case["class"]
    config.JupyterHub.db_url = f"sqlite:///{path}"
    config.JupyterHub.cookie_secret = b"x" * 32
    config.ConfigurableHTTPProxy.auth_token = "x"
    config.ConfigurableHTTPProxy.should_start = False
    app = JupyterHub(config=config)
    await app.initialize([])
    return app


async def sign_in(app):
    authenticator = app.authenticator
    (handler_class,) = [h for path, h in authenticator.get_handlers(app) if path == "/oauth_callback"]
    request = HTTPServerRequest(
        method="GET",
        uri="/hub/oauth_callback?code=a-code",
        headers=HTTPHeaders({"Host": "127.0.0.1"}),
        connection=Mock(),
    )
    request.connection.stream = Mock()
    request.remote_ip = "127.0.0.1"
    handler = handler_class(app.tornado_application, request)
    user = await handler.login_user()
    if user is None:
        return {"in": False, "status": 403}
    return {
        "in": True,
        "name": user.name,
        "admin": bool(user.orm_user.admin),
        "groups": sorted(group.name for group in user.orm_user.groups),
    }


async def decide(case, template):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        os.chdir(folder)
        GoogleOAuthenticator._service_credentials = {}
        try:
            app = await start(case, folder, template)
        except (Exception, SystemExit) as error:
            return {"start": "refused", "why": f"{type(error).__name__}: {error}"[:300]}
        try:
            return await sign_in(app)
        except web.HTTPError as error:
            return {"in": False, "status": error.status_code, "why": str(error)[:300]}
        except Exception as error:
            return {"in": False, "status": 500, "why": f"{type(error).__name__}: {error}"[:300]}
        finally:
            app.db.close()
            os.chdir("/")


async def main():
    logging.disable(logging.CRITICAL)
    with open(sys.argv[1]) as f:
        cases = json.load(f)
    with tempfile.TemporaryDirectory() as work:
        template = os.path.join(work, "jupyterhub.sqlite")
        database(template, cases[0]["users"])
        results = {case["name"]: await decide(case, template) for case in cases}
    with open(sys.argv[2], "w") as f:
        json.dump(results, f, indent=1)


if __name__ == "__main__":
    asyncio.run(main())
