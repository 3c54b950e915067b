# SPDX-License-Identifier: Apache-2.0
"""OAuth clients of Debian 12: Authlib, and Apache with mod_auth_openidc."""

import getpass
import http.client
import os
import secrets
import subprocess
import tempfile
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlsplit

import oauth
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken
from oauth import API, CALLBACK, Client, Visitor
from server import free_port
from waiting import is_open, wait_until

SETTINGS = oauth.SETTINGS
FLAGS = ("--dev",)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_authlib_signs_in_calls_refreshes_and_revokes(server, user, caller, method):
    kind = "browser" if method == "none" else "web"
    client = Client(server, kind, f"Authlib {method}", "--redirect", CALLBACK, "--auth", method)
    metadata = caller.get("/.well-known/openid-configuration").json()
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    session = OAuth2Session(
        client.id,
        client.secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        redirect_uri=CALLBACK,
        scope="openid profile posts:read",
        code_challenge_method="S256",
    )
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, resource=API
    )
    visitor = Visitor(server, user)
    back = visitor.follow(visitor.ask("GET", url.removeprefix(server.url)))
    tokens = session.fetch_token(
        metadata["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
    )
    keys = JsonWebKey.import_key_set(session.get(metadata["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(
        tokens["id_token"],
        keys,
        claims_cls=CodeIDToken,
        claims_options={"iss": {"value": server.url}, "aud": {"value": client.id}},
        claims_params={"nonce": nonce, "access_token": tokens["access_token"], "client_id": client.id},
    )
    claims.validate()
    assert claims["preferred_username"] == user.name
    assert session.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]
    refreshed = session.refresh_token(metadata["token_endpoint"], tokens["refresh_token"])
    query = f"/api/v1/verify?resource={API}&scope=posts:read"
    assert caller.get(query, bearer=refreshed["access_token"]).status == 200
    session.revoke_token(metadata["revocation_endpoint"], token=refreshed["access_token"])
    if method == "none":  # Authlib sends no client_id there
        return
    assert caller.get(query, bearer=refreshed["access_token"]).verdict == (401, "token_revoked")


def test_authlib_gets_a_token_for_a_service(server, caller):
    client = Client(server, "service", "Authlib service", "--default-resource", API)
    session = OAuth2Session(client.id, client.secret, token_endpoint_auth_method="client_secret_basic")
    token = session.fetch_token(
        server.url + "/oauth2/token", grant_type="client_credentials", scope="posts:write"
    )
    answer = caller.get(f"/api/v1/verify?resource={API}&scope=posts:write", bearer=token["access_token"])
    assert answer.status == 200 and answer.header("X-Auth-Client") == client.id


APACHE = """
ServerRoot {directory}
PidFile {directory}/pid
ErrorLog {directory}/error.log
Listen 127.0.0.1:{port}
ServerName localhost
User {user}
Group {user}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule auth_openidc_module /usr/lib/apache2/modules/mod_auth_openidc.so
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client}
OIDCClientSecret {secret}
OIDCRedirectURI {origin}/private/callback
OIDCCryptoPassphrase only-for-this-test
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
OIDCIDTokenSignedResponseAlg ES256
OIDCCookieSameSite On
DocumentRoot {directory}/site
<Location /private>
    AuthType openid-connect
    Require valid-user
    Header set X-Signed-In "expr=%{{REMOTE_USER}}"
</Location>
"""


class Browser:
    """Goes to Apache and to Coatcheck, with a jar for each."""

    def __init__(self, server, user, port):
        self.visitor, self.port, self.cookies = Visitor(server, user), port, {}
        self.server = server

    def get(self, target):
        link = http.client.HTTPConnection("localhost", self.port, timeout=20)
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        link.request("GET", target, headers={"Cookie": jar, "Accept": "text/html"})
        answer = link.getresponse()
        answer.body = answer.read().decode()
        for text in answer.headers.get_all("Set-Cookie") or ():
            for name, cookie in SimpleCookie(text).items():
                self.cookies[name] = cookie.value
        return answer

    def goes_to(self, target):
        for _ in range(8):
            answer = self.get(target)
            location = answer.headers["Location"]
            if location is None:
                return answer
            if location.startswith(self.server.url):
                location = self.visitor.follow(
                    self.visitor.ask("GET", location.removeprefix(self.server.url))
                )
            parts = urlsplit(location)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        raise AssertionError("no end of redirects")


@pytest.fixture
def folder():
    """A folder that the user of Apache's workers can read, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-apache-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_apache_with_mod_auth_openidc_signs_in_and_out(server, user, folder):
    port = free_port()
    origin = f"http://localhost:{port}"
    words = ("--redirect", f"{origin}/private/callback", "--post-logout-redirect", f"{origin}/bye.html")
    client = Client(server, "web", "Apache", *words)
    (folder / "site/private").mkdir(parents=True)
    (folder / "site/private/index.html").write_text("for those who are signed in")
    (folder / "site/bye.html").write_text("bye")
    configuration = folder / "apache.conf"
    configuration.write_text(
        APACHE.format(
            directory=folder,
            port=port,
            issuer=server.url,
            client=client.id,
            secret=client.secret,
            origin=origin,
            user=getpass.getuser() if os.getuid() else "www-data",
        )
    )
    apache = subprocess.Popen(["/usr/sbin/apache2", "-DFOREGROUND", "-f", configuration])
    try:
        wait_until(lambda: is_open(port), 20, lambda: (folder / "error.log").read_text())
        browser = Browser(server, user, port)
        answer = browser.goes_to("/private/index.html")
        assert answer.status == 200, answer.body + (folder / "error.log").read_text()[-3000:]
        assert answer.headers["X-Signed-In"] == user.name
        assert "for those" in answer.body
        bye = browser.goes_to("/private/callback?logout=" + quote(f"{origin}/bye.html", safe=""))
        assert bye.body == "bye" and not browser.visitor.cookies
    finally:
        apache.terminate()
        apache.wait(20)
