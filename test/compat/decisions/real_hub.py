"""A real JupyterHub as `jupyterhub` initialises it (so its users, groups and rules are), without proxy and web server, for tables
of decisions: each case has `class`, `config` by section and `users`, whom the database knows (the same in all).
"""

import json
import logging
import os
import shutil
import sys
import tempfile
from unittest.mock import Mock

from jupyterhub import orm
from jupyterhub.app import JupyterHub
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from traitlets.config import Config


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


def request(method, uri):
    made = HTTPServerRequest(
        method=method, uri=uri, headers=HTTPHeaders({"Host": "127.0.0.1"}), connection=Mock()
    )
    made.connection.stream = Mock()
    made.remote_ip = "127.0.0.1"
    return made


def entered(user):
    """What became of somebody who signed in; None: refused."""
    if user is None:
        return {"in": False, "status": 403}
    return {
        "in": True,
        "name": user.name,
        "admin": bool(user.orm_user.admin),
        "groups": sorted(group.name for group in user.orm_user.groups),
    }


async def decide(case, template, sign_in):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        os.chdir(folder)
        try:
            app = await start(case, folder, template)
        except (Exception, SystemExit) as error:
            return {"start": "refused", "why": f"{type(error).__name__}: {error}"[:300]}
        try:
            return await sign_in(app, case)
        except web.HTTPError as error:
            return {"in": False, "status": error.status_code, "why": str(error)[:300]}
        except Exception as error:
            return {"in": False, "status": 500, "why": f"{type(error).__name__}: {error}"[:300]}
        finally:
            app.db.close()
            os.chdir("/")


async def run(sign_in):
    """Reads CASES.json, writes OUT.json (the two arguments): from a case's name to what came of it."""
    logging.disable(logging.CRITICAL)
    with open(sys.argv[1]) as f:
        cases = json.load(f)
    with tempfile.TemporaryDirectory() as work:
        template = os.path.join(work, "jupyterhub.sqlite")
        database(template, cases[0]["users"])
        results = {case["name"]: await decide(case, template, sign_in) for case in cases}
    with open(sys.argv[2], "w") as f:
        json.dump(results, f, indent=1)
