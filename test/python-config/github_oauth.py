# The documentation's way to sign in with GitHub.
import os

from oauthenticator.github import GitHubOAuthenticator

c = get_config()  # noqa

c.JupyterHub.authenticator_class = GitHubOAuthenticator
c.GitHubOAuthenticator.oauth_callback_url = os.environ["OAUTH_CALLBACK_URL"]
c.GitHubOAuthenticator.client_id = os.environ["GITHUB_CLIENT_ID"]
c.GitHubOAuthenticator.client_secret = os.environ["GITHUB_CLIENT_SECRET"]
c.GitHubOAuthenticator.allowed_organizations = {"jupyter", "example:teachers"}
c.GitHubOAuthenticator.scope = ["read:org", "user:email"]
c.OAuthenticator.allow_all = False
c.Authenticator.admin_users = {name.strip() for name in "ann, bob".split(",")}
c.Authenticator.enable_auth_state = True
c.CryptKeeper.keys = [bytes.fromhex("00ff" * 16)]
