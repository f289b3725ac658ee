"""Signs one person in for each case, at a real JupyterHub with a real OAuthenticator, and tells what came of it: the callback is
handled by OAuthenticator's own handler.

Usage: decide.py CASES.json OUT.json
"""

import asyncio
import os
import sys

from oauthenticator.bitbucket import BitbucketOAuthenticator
from oauthenticator.google import GoogleOAuthenticator

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "decisions"))

from real_hub import entered, request, run


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


async def sign_in(app, case):
    GoogleOAuthenticator._service_credentials = {}
    (handler_class,) = [h for path, h in app.authenticator.get_handlers(app) if path == "/oauth_callback"]
    handler = handler_class(app.tornado_application, request("GET", "/hub/oauth_callback?code=a-code"))
    return entered(await handler.login_user())


if __name__ == "__main__":
    asyncio.run(run(sign_in))
