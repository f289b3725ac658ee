"""Dumps what can be configured in OAuthenticator: the classes that Anteroom has, in the form of traits.json.

Usage: oauthenticator_traits.py OUT.json
"""

import json
import sys

import jupyterhub
import oauthenticator._version
from oauthenticator.auth0 import Auth0OAuthenticator, LocalAuth0OAuthenticator
from oauthenticator.azuread import AzureAdOAuthenticator, LocalAzureAdOAuthenticator
from oauthenticator.bitbucket import BitbucketOAuthenticator, LocalBitbucketOAuthenticator
from oauthenticator.cilogon import CILogonOAuthenticator, LocalCILogonOAuthenticator
from oauthenticator.generic import GenericOAuthenticator, LocalGenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator, LocalGitHubOAuthenticator
from oauthenticator.gitlab import GitLabOAuthenticator, LocalGitLabOAuthenticator
from oauthenticator.google import GoogleOAuthenticator, LocalGoogleOAuthenticator
from oauthenticator.oauth2 import OAuthenticator
from oauthenticator.openshift import LocalOpenShiftOAuthenticator, OpenShiftOAuthenticator

from traits import describe_class

CLASSES = [
    OAuthenticator,
    GenericOAuthenticator,
    GitHubOAuthenticator,
    GoogleOAuthenticator,
    OpenShiftOAuthenticator,
    GitLabOAuthenticator,
    AzureAdOAuthenticator,
    Auth0OAuthenticator,
    BitbucketOAuthenticator,
    CILogonOAuthenticator,
    LocalGenericOAuthenticator,
    LocalGitHubOAuthenticator,
    LocalGoogleOAuthenticator,
    LocalOpenShiftOAuthenticator,
    LocalGitLabOAuthenticator,
    LocalAzureAdOAuthenticator,
    LocalAuth0OAuthenticator,
    LocalBitbucketOAuthenticator,
    LocalCILogonOAuthenticator,
]


def no_default(name, *classes):
    for each in classes:
        setattr(each, f"_{name}_default", lambda self: "")


def main():
    # Asks a cluster for its issuer as soon as its defaults are looked at; there is none.
    for name in ("authorize_url", "token_url", "openshift_auth_api_url"):
        no_default(name, OpenShiftOAuthenticator, LocalOpenShiftOAuthenticator)
    # Raises without a domain; the addresses that follow from one are none without it.
    for name in ("auth0_domain", "authorize_url", "token_url", "userdata_url", "logout_redirect_url"):
        no_default(name, Auth0OAuthenticator, LocalAuth0OAuthenticator)
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
