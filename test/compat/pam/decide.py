"""Signs one person in for each case, at a real JupyterHub with its PAMAuthenticator, and tells what came of it.

Usage: decide.py CASES.json OUT.json

A case has `data`, what was typed, and may have `sessions`: then a server's start and stop follow. Service files lie outside of
/etc/pam.d, where pamela does not look: libpam is told the folder. All else of pamela and JupyterHub runs as it is.
"""

import asyncio
import os
import sys
from ctypes import c_char_p

import pamela
from jupyterhub.handlers.login import LoginHandler
from jupyterhub.utils import maybe_future

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "decisions"))

from real_hub import entered, request, run

start_in = pamela.LIBPAM.pam_start_confdir
start_in.restype = pamela.PAM_START.restype
start_in.argtypes = [*pamela.PAM_START.argtypes[:3], c_char_p, pamela.PAM_START.argtypes[3]]


def start(service, user, conversation, handle):
    return start_in(os.path.basename(service), user, conversation, os.path.dirname(service), handle)


pamela.PAM_START = start


async def sign_in(app, case):
    handler = LoginHandler(app.tornado_application, request("POST", "/hub/login"))
    user = await handler.login_user(case["data"])
    if user is not None and case.get("sessions"):
        await maybe_future(app.authenticator.pre_spawn_start(user, None))
        await maybe_future(app.authenticator.post_spawn_stop(user, None))
    return entered(user)


if __name__ == "__main__":
    asyncio.run(run(sign_in))
