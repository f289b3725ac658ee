"""Dumps what can be configured in OAuthenticator: the classes that Anteroom has, in the form of traits.json.

Usage: oauthenticator_traits.py OUT.json
"""

import json
import sys

import jupyterhub
import oauthenticator._version
from oauthenticator.azuread import AzureAdOAuthenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from oauthenticator.gitlab import GitLabOAuthenticator
from oauthenticator.google import GoogleOAuthenticator
from oauthenticator.oauth2 import OAuthenticator
from oauthenticator.openshift import OpenShiftOAuthenticator

from traits import describe_class

CLASSES = [
    OAuthenticator,
    GenericOAuthenticator,
    GitHubOAuthenticator,
    GoogleOAuthenticator,
    OpenShiftOAuthenticator,
    GitLabOAuthenticator,
    AzureAdOAuthenticator,
]


def main():
    # Asks a cluster for its issuer as soon as its defaults are looked at; there is none.
    for name in ("authorize_url", "token_url", "openshift_auth_api_url"):
        setattr(OpenShiftOAuthenticator, f"_{name}_default", lambda self: "")
    document = {
        "jupyterhub": jupyterhub.__version__,
        "oauthenticator": oauthenticator._version.__version__,
        "classes": [describe_class(c, False) for c in CLASSES],
    }
    with open(sys.argv[1], "w") as f:
        json.dump(document, f, indent=1, ensure_ascii=False, allow_nan=False)
        f.write("\n")


if __name__ == "__main__":
    main()
