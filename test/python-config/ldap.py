c.JupyterHub.authenticator_class = "ldapauthenticator.LDAPAuthenticator"
c.LDAPAuthenticator.server_address = "ldap.example.org"
c.LDAPAuthenticator.server_port = 636
c.LDAPAuthenticator.tls_strategy = "on_connect"
c.LDAPAuthenticator.bind_dn_template = [
    "uid={username},ou=people,dc=example,dc=org",
    "uid={username},ou=guests,dc=example,dc=org",
]
c.LDAPAuthenticator.lookup_dn = False
c.LDAPAuthenticator.valid_username_regex = r"^[a-z][.a-z0-9_-]*$"
c.LDAPAuthenticator.allowed_groups = []
c.LDAPAuthenticator.allowed_groups.append("cn=scientists,ou=groups,dc=example,dc=org")
c.LDAPAuthenticator.attributes = ("uid", "mail")
c.LDAPAuthenticator.use_lookup_dn_username = True
c.Authenticator.blocked_users = frozenset({"root"})
c.Authenticator.delete_invalid_users = None
