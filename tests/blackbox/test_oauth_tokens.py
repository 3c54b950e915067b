# SPDX-License-Identifier: Apache-2.0
"""The token endpoint, and what a token of an OAuth client is for."""

import base64
import http.client
import re
import subprocess
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import oauth
import pytest
from oauth import API, CALLBACK, FORM, Client, Visitor, claims_of, fails, verify
from server import ROOT, free_port
from waiting import is_open, wait_until

SETTINGS = {**oauth.SETTINGS, "sessions.refresh_grace": "2s", "oauth.native_grace": "2s"}


def test_a_code_works_once_and_its_second_use_ends_the_grant(web, visitor, caller):
    code = visitor.code_for(web.request(resource=API))
    tokens = web.redeem(code).json()
    assert verify(caller, tokens["access_token"]).status == 200
    fails(web.redeem(code), "invalid_grant")
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")
    fails(web.refresh(tokens["refresh_token"]), "invalid_grant")


def test_a_mistake_with_a_code_consumes_nothing(server, web, native, visitor):
    """Code injection and PKCE downgrade (RFC 9700 §4.5, §4.8.2)."""
    code = visitor.code_for(web.request())
    verifier = web.verifier
    fails(web.redeem(code, code_verifier="x" * 43), "invalid_grant")
    fails(web.redeem(code, code_verifier=None), "invalid_request")
    fails(web.redeem(code, code_verifier="short"), "invalid_request")
    fails(web.redeem(code, redirect_uri="https://app.example/other"), "invalid_grant")
    fails(web.redeem(code, resource=API), "invalid_target")
    native.verifier = verifier
    fails(native.redeem(code), "invalid_grant")
    assert web.redeem(code).status == 200


def test_a_code_may_come_without_its_redirect_uri(web, visitor):
    assert web.redeem(visitor.code_for(web.request()), redirect_uri=None).status == 200


def test_a_code_ends(make_server):
    server = make_server({**oauth.SETTINGS, "oauth.code_ttl": "1s"})
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Slow", "--redirect", CALLBACK)
    code = Visitor(server, user).code_for(client.request())
    time.sleep(1.1)
    fails(client.redeem(code), "invalid_grant")


@pytest.mark.parametrize(
    "form,error",
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "junk"}, "invalid_grant"),
        ({"grant_type": ["refresh_token", "refresh_token"]}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "resource": "x y"}, "invalid_target"),
    ],
)
def test_each_mistake_at_the_token_endpoint_has_its_error(web, form, error):
    fails(web.token(**form), error)


def test_a_client_shows_who_it_is_by_its_own_method(server, web, visitor):
    tokens = web.sign_in(visitor)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    basic = lambda name, secret: {  # noqa: E731
        "Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
    }
    for headers, more in (
        (basic(web.id, "wrong"), {}),
        (basic(web.id, ""), {}),
        (basic("nobody", web.secret), {}),
        ({"Authorization": "Basic !"}, {}),
        ({"Authorization": "Bearer " + web.secret}, {"client_id": web.id}),
    ):
        answer = fails(web.token(headers, **refresh, **more), "invalid_client", 401)
        assert answer.header("WWW-Authenticate").startswith("Basic ")
    for fields in (
        {"client_id": web.id},
        {"client_id": web.id, "client_secret": web.secret},
        {"client_id": "nobody"},
        {},
    ):
        body = urlencode({**refresh, **fields}).encode()
        answer = web.caller.post("/oauth2/token", body=body, headers=FORM)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client")
    fails(web.token(basic(web.id, web.secret), **refresh, client_id="other"), "invalid_request")
    assert web.token(**refresh).status == 200


def test_two_secrets_are_good_while_one_is_replaced(server, visitor):
    client = Client(server, "web", "Rolling", "--redirect", CALLBACK)
    token = client.sign_in(visitor)["refresh_token"]
    first = client.secret
    client.secret = server.command_json("client", "secret", client.id)["client_secret"]
    assert client.refresh(token).status == 200
    client.secret, second = first, client.secret
    assert client.refresh(token).status == 200
    third = server.command_json("client", "secret", client.id)["client_secret"]
    assert client.refresh(token).status == 401, "the first one is over"
    for secret, status in ((second, 200), (third, 200)):
        client.secret = secret
        assert client.refresh(token).status == status
    client.secret = server.command_json("client", "secret", client.id, "--end-older")["client_secret"]
    assert client.refresh(token).status == 200
    client.secret = third
    assert client.refresh(token).status == 401


def test_the_refresh_token_of_a_client_with_a_secret_stays(web, visitor):
    tokens = web.sign_in(visitor)
    for _ in range(3):
        again = web.refresh(tokens["refresh_token"]).json()
        assert again["refresh_token"] == tokens["refresh_token"]
        assert again["access_token"] != tokens["access_token"]
        assert "nonce" not in claims_of(again["id_token"])


def test_the_refresh_token_of_a_public_client_rotates(native, visitor, caller):
    """A stolen refresh token (RFC 9700 §4.14)."""
    first = native.sign_in(visitor, resource=API)
    second = native.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert native.refresh(first["refresh_token"]).json()["refresh_token"] == second["refresh_token"]
    time.sleep(2.2)
    answer = fails(native.refresh(first["refresh_token"]), "invalid_grant")
    assert answer.code == "refresh_token_reused"
    fails(native.refresh(second["refresh_token"]), "invalid_grant")
    assert verify(caller, second["access_token"]).verdict == (401, "token_revoked")


def test_a_refresh_may_ask_for_less_and_never_for_more(web, visitor):
    tokens = web.sign_in(visitor, scope="openid profile posts:read", resource=API)
    less = web.refresh(tokens["refresh_token"], scope="posts:read").json()
    assert less["scope"] == "posts:read" and "id_token" not in less
    fails(web.refresh(tokens["refresh_token"], scope="openid posts:write"), "invalid_scope")
    fails(web.refresh(tokens["refresh_token"], resource="https://other.example"), "invalid_target")
    assert web.refresh(tokens["refresh_token"]).json()["scope"] == "openid profile posts:read"


def test_refresh_tokens_do_not_cross(server, web, native, visitor, caller):
    mine, other = web.sign_in(visitor), native.sign_in(visitor)
    fails(web.refresh(other["refresh_token"]), "invalid_grant")
    fails(native.refresh(mine["refresh_token"]), "invalid_grant")
    for token in (mine["refresh_token"], other["refresh_token"]):
        answer = caller.post(
            "/api/v1/authentication/refresh", json={"refresh_token": token}, headers={"X-Coatcheck": "1"}
        )
        assert answer.verdict == (401, "refresh_token_malformed")
        answer = caller.request("DELETE", "/api/v1/authentication", json={"refresh_token": token})
        assert answer.verdict == (401, "refresh_token_malformed")
        cookies = {"__Host-Http-coatcheck-refresh": token}
        assert (
            caller.post(
                "/api/v1/authentication/refresh", cookies=cookies, headers={"X-Coatcheck": "1"}
            ).status
            == 401
        )
    sdk = caller.sign_in_body(visitor.user)
    fails(web.refresh(sdk["refresh_token"]), "invalid_grant")
    assert (
        web.refresh(mine["refresh_token"]).status == 200
        and native.refresh(other["refresh_token"]).status == 200
    )


def test_cookies_mean_nothing_at_the_token_endpoint(web, visitor):
    web.sign_in(visitor)
    answer = web.caller.post(
        "/oauth2/token", body=b"grant_type=refresh_token", headers=FORM, cookies=visitor.cookies
    )
    assert answer.status == 401


def test_any_page_may_read_tokens_but_not_with_cookies(web, visitor):
    public = ("jwks.json", "openid-configuration", "oauth-authorization-server")
    for path in (
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/revoke",
        *(f"/.well-known/{name}" for name in public),
    ):
        answer = web.caller.request(
            "OPTIONS", path, headers={"Origin": "https://x.example", "Access-Control-Request-Method": "POST"}
        )
        assert answer.status == 204 and answer.header("Access-Control-Allow-Origin") == "*"
        assert not answer.all("Access-Control-Allow-Credentials")
        assert "Authorization" in answer.header("Access-Control-Allow-Headers")
    for name in public:
        answer = web.caller.get(f"/.well-known/{name}", headers={"Origin": "https://x.example"})
        assert answer.header("Access-Control-Allow-Origin") == "*"
    answer = web.caller.get("/oauth2/authorize", headers={"Origin": "https://x.example"})
    assert not answer.all("Access-Control-Allow-Origin")


def test_a_json_body_is_told_its_type(web):
    answer = web.caller.post("/oauth2/token", json={"grant_type": "client_credentials"})
    assert answer.verdict == (415, "unsupported_media_type")


def test_oauth_goes_with_encrypted_tokens(make_server):
    server = make_server({**oauth.SETTINGS, "tokens.format": "jwe"})
    server.data.mkdir(mode=0o700, exist_ok=True)
    (server.data / "token-keys").write_text("base64:" + base64.b64encode(b"k" * 32).decode() + "\n")
    (server.data / "token-keys").chmod(0o600)
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Sealed", "--redirect", CALLBACK, "--auth", "client_secret_post")
    visitor = Visitor(server, user)
    tokens = client.sign_in(visitor, resource=API)
    plain = client.sign_in(visitor)
    assert verify(client.caller, tokens["access_token"]).status == 200
    assert client.caller.get("/oauth2/userinfo", bearer=plain["access_token"]).status == 200
    form = {"client_id": client.id, "client_secret": client.secret, "token": tokens["access_token"]}
    post = lambda route: client.caller.post(f"/oauth2/{route}", body=urlencode(form).encode(), headers=FORM)  # noqa: E731
    assert post("introspect").json()["active"] is True
    assert post("revoke").status == 200
    assert verify(client.caller, tokens["access_token"]).verdict == (401, "token_revoked")
    fails(client.refresh(tokens["refresh_token"]), "invalid_grant")
    sealed = client.caller.sign_in_body(user)["token"]
    assert sealed.count(".") == 4 and client.caller.verify(sealed).status == 200


def test_a_token_is_for_its_resource_alone(web, visitor, caller):
    """A leaked access token (RFC 9700 §2.2.1, §4.9)."""
    token = web.sign_in(visitor, scope="posts:read", resource=API)["access_token"]
    assert verify(caller, token).status == 200
    assert verify(caller, token, "").verdict == (401, "token_not_ours"), "not for tokens.audience"
    assert verify(caller, token, "?resource=https://other.example").status == 401
    assert verify(caller, token, "?resource=x").status == 401
    scope = lambda text: verify(caller, token, f"?resource={API}&scope={text}")  # noqa: E731
    assert scope("posts:read").status == 200
    assert (
        scope("posts:write").verdict == scope("posts:read+posts:write").verdict == (403, "insufficient_scope")
    )
    answer = verify(caller, token)
    assert answer.header("X-Auth-Client") == web.id and answer.header("X-Auth-Scope") == "posts%3Aread"


def test_a_token_without_a_resource_is_good_for_userinfo_alone(server, web, visitor, caller):
    server.command("user", "set", visitor.user.name, "--role", "admin")
    token = web.sign_in(visitor, scope="openid profile")["access_token"]
    claims = claims_of(token)
    assert claims["aud"] == server.url + "/oauth2/userinfo" and claims["roles"] == []
    assert verify(caller, token, "").verdict == (401, "token_not_ours")
    assert caller.get("/api/v1/authentication", bearer=token).verdict == (403, "insufficient_scope")
    info = caller.get("/oauth2/userinfo", bearer=token)
    assert info.json() == {"sub": claims["sub"], "preferred_username": visitor.user.name}


def test_a_trusted_client_may_have_tokens_for_everything(server, visitor, caller):
    words = ("--redirect", CALLBACK, "--default-resource", "default", "--consent", "skip")
    client = Client(server, "web", "Our own", *words)
    server.command("user", "set", visitor.user.name, "--role", "admin")
    page = visitor.ask("GET", visitor.goes_to(client.request()).header("Location"))
    back = visitor.submit(page).header("Location")
    assert back.startswith(CALLBACK), "nobody is asked"
    token = client.redeem(parse_qs(urlsplit(back).query)["code"][0]).json()["access_token"]
    answer = caller.verify(token)
    assert answer.status == 200 and answer.header("X-Auth-Roles") == "admin"


def test_roles_are_for_clients_that_have_their_scope(server, visitor):
    server.command("user", "set", visitor.user.name, "--role", "editor", "--claim", 'team="x"')
    words = ("--redirect", CALLBACK, "--scope", "openid", "--scope", "roles")
    client = Client(server, "web", "Roles", *words)
    plain = claims_of(client.sign_in(visitor)["access_token"])
    assert plain["roles"] == [] and "team" not in plain
    wide = claims_of(client.sign_in(visitor, scope="openid roles")["access_token"])
    assert wide["roles"] == ["editor"] and wide["team"] == "x"


@pytest.mark.parametrize(
    "method,path",
    [
        ("GET", "/api/v1/users/me"),
        ("PATCH", "/api/v1/users/me"),
        ("DELETE", "/api/v1/users/me"),
        ("PUT", "/api/v1/users/me/password"),
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
        ("DELETE", "/api/v1/authentication"),
        ("GET", "/api/v1/authentication/events"),
    ],
)
def test_no_client_manages_the_account_of_its_user(server, visitor, caller, method, path):
    client = Client(server, "web", "Nosy", "--redirect", CALLBACK, "--default-resource", "default")
    token = client.sign_in(visitor)["access_token"]
    more = {"json": {}} if method in ("PATCH", "PUT") else {}
    assert caller.request(method, path, bearer=token, **more).verdict == (403, "insufficient_scope")
    assert caller.verify(token).status == 200, "and nothing has ended"


def test_an_id_token_is_no_access_token(web, visitor, caller):
    token = web.sign_in(visitor)["id_token"]
    for query in ("", f"?resource={API}"):
        assert verify(caller, token, query).status == 401
    assert caller.get("/oauth2/userinfo", bearer=token).status == 401


def test_a_service_acts_for_itself(server, caller):
    """A client that poses as a user (RFC 9700 §4.15)."""
    client = Client(server, "service", "Cron", "--default-resource", API)
    tokens = client.token(grant_type="client_credentials").json()
    assert "refresh_token" not in tokens and "id_token" not in tokens and tokens["scope"] == "posts:read"
    claims = claims_of(tokens["access_token"])
    assert claims["sub"] == claims["preferred_username"] == f"client:{client.id}" and claims["roles"] == []
    answer = verify(caller, tokens["access_token"])
    assert answer.status == 200 and answer.header("X-Auth-Client") == client.id
    assert caller.get("/oauth2/userinfo", bearer=tokens["access_token"]).status in (401, 403)
    fails(client.token(grant_type="client_credentials", scope="nothing"), "invalid_scope")
    fails(client.token(grant_type="client_credentials", resource="https://nobody.example"), "invalid_target")
    wide = client.token(grant_type="client_credentials", scope="openid posts:write").json()
    assert wide["scope"] == "posts:write"
    refused = server.try_command("user", "add", f"client:{client.id}", stdin=oauth.PASSWORD)
    assert refused.returncode == 1 and "client:" in refused.stderr
    refused = server.try_command("user", "add", "x", "--id", f"client:{client.id}", stdin=oauth.PASSWORD)
    assert refused.returncode == 1 and "client:" in refused.stderr
    server.command("client", "secret", client.id, "--end-older")
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")


def test_who_is_signed_in_is_not_told_to_clients(server, visitor, caller):
    words = ("--redirect", CALLBACK, "--default-resource", "default")
    client = Client(server, "web", "Curious", *words)
    answer = caller.get("/api/v1/authentication", bearer=client.sign_in(visitor)["access_token"])
    assert answer.verdict == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.header("WWW-Authenticate")
    service = Client(server, "service", "Self", "--default-resource", "default")
    token = service.token(grant_type="client_credentials").json()["access_token"]
    assert caller.get("/api/v1/authentication", bearer=token).verdict == (403, "insufficient_scope")
    assert caller.verify(token).status == 200


def test_a_parameter_of_verify_that_comes_twice_lets_nobody_pass(web, visitor, caller):
    token = web.sign_in(visitor, scope="posts:read", resource=API)["access_token"]
    assert verify(caller, token, f"?resource={API}&scope=posts:read&scope=posts:write").status == 403
    assert verify(caller, token, f"?resource={API}&resource=https://other.example").status == 401


TWO = {
    "oauth.enabled": True,
    "resource": [
        {
            "uri": "https://blog.example",
            "name": "Blog",
            "scopes": {"read": "Read public posts", "write": "Write"},
        },
        {"uri": "https://pay.example", "name": "Payroll", "scopes": {"read": "Read salaries"}},
    ],
}
BLOG, PAY = "https://blog.example", "https://pay.example"


@pytest.fixture
def two(make_server):
    server = make_server(TWO)
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Two", "--redirect", CALLBACK)
    return server, client, Visitor(server, user)


def test_a_scope_belongs_to_its_resource(two):
    _, client, visitor = two
    query = client.request(scope="read", resource=PAY)
    page = visitor.ask("GET", visitor.goes_to(query).header("Location"))
    consent = visitor.ask("GET", visitor.submit(page).header("Location"))
    assert b"Payroll: Read salaries" in consent.body and b"Blog" not in consent.body
    assert visitor.leads_to(client.request(scope="write", resource=PAY))["error"] == "invalid_scope"
    assert visitor.leads_to(client.request(scope="read"))["error"] == "invalid_scope", "no resource has it"
    both = client.sign_in(visitor, scope="read write", resource=[BLOG, PAY])
    pay = client.refresh(both["refresh_token"], resource=PAY).json()
    assert pay["scope"] == "read" and claims_of(pay["access_token"])["aud"] == PAY


def test_a_consent_says_nothing_about_another_resource(two):
    server, client, visitor = two
    client.sign_in(visitor, scope="read", resource=PAY)
    client.sign_in(visitor, scope="write", resource=BLOG)

    def asks(**more):
        return visitor.goes_to(client.request(**more)).header("Location").startswith("/oauth2/consent?")  # noqa: E731

    assert asks(scope="read", resource=BLOG) and asks(scope="read write", resource=[BLOG, PAY])
    words = ("--redirect", CALLBACK, "--default-resource", "default")
    wide = Client(server, "web", "Wide", *words)
    wide.sign_in(visitor, scope="read", resource=BLOG)
    assert visitor.goes_to(wide.request(scope="read")).header("Location").startswith("/oauth2/consent?")


def test_a_client_that_may_have_less_gets_less(two):
    server, client, visitor = two
    tokens = client.sign_in(visitor, scope="openid read write", resource=BLOG)
    server.command("client", "set", client.id, "--scope", "openid", "--scope", "read")
    assert client.refresh(tokens["refresh_token"]).json()["scope"] == "openid read"
    code = visitor.code_for(client.request(scope="openid read", resource=BLOG))
    server.command("client", "set", client.id, "--resource", PAY)
    fails(client.refresh(tokens["refresh_token"]), "invalid_grant")
    fails(client.redeem(code), "invalid_grant")
    server.command("client", "set", client.id, "--resource", BLOG)
    assert client.redeem(code).status == 200, "the refusal consumed nothing"


def test_nginx_lets_the_right_resource_and_scope_pass(server, web, visitor, tmp_path):
    """With the location of docs/oauth.md."""
    document = (ROOT / "docs/oauth.md").read_text()
    location = re.search(r"```nginx\n(.*?)```", document, re.S).group(1)
    location = location.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    api, front = free_port(), free_port()
    places = "".join(
        f"{kind}_temp_path {tmp_path}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(f"""
daemon off;
pid {tmp_path}/pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    {places}
    server {{
        listen 127.0.0.1:{api};
        return 200 "$http_x_auth_client";
    }}
    server {{
        listen 127.0.0.1:{front};
        {location}
        location / {{
            auth_request /_coatcheck;
            auth_request_set $client $upstream_http_x_auth_client;
            proxy_set_header X-Auth-Client $client;
            proxy_pass http://127.0.0.1:{api};
        }}
    }}
}}
""")
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", tmp_path / "nginx.conf", "-p", tmp_path])
    try:

        def ask(token):
            bearer = {"Authorization": f"Bearer {token}"} if token else {}
            link = http.client.HTTPConnection("127.0.0.1", front, timeout=20)
            link.request("GET", "/posts?page=1", headers={"X-Auth-Client": "forged", **bearer})
            answer = link.getresponse()
            return answer.status, answer.read().decode(), answer.getheader("WWW-Authenticate")

        wait_until(lambda: is_open(front), 10)
        assert ask(None)[0] == 401
        read = web.sign_in(visitor, scope="posts:read", resource=API)["access_token"]
        assert ask(read)[:2] == (200, web.id)
        assert ask(web.sign_in(visitor, scope="posts:write", resource=API)["access_token"])[0] == 403
        status, _, challenge = ask(web.sign_in(visitor)["access_token"])
        assert status == 401 and 'code="token_not_ours"' in challenge
    finally:
        nginx.terminate()
        nginx.wait(20)
