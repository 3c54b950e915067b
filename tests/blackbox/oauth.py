# SPDX-License-Identifier: Apache-2.0
"""An OAuth client and its user, who go through the server's pages without script."""

import base64
import hashlib
import html
import json
import re
import secrets
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from addresses import next_address
from client import Caller
from server import PASSWORD

CALLBACK = "https://app.example/cb"
API = "https://api.example.com"
SETTINGS = {
    "oauth.enabled": True,
    "resource": [
        {
            "uri": API,
            "name": "Example",
            "scopes": {"posts:read": "Read your posts", "posts:write": "Write posts"},
            "default_scopes": ["posts:read"],
        },
        {"uri": "https://other.example", "name": "Other", "scopes": {"things": "See your things"}},
    ],
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}
OWN_PAGE = {**PAGE, "Sec-Fetch-Site": "same-origin"}


FOR_API = "?resource=" + quote(API, safe="")


def verify(caller, token, query=FOR_API):
    return caller.get("/api/v1/verify" + query, bearer=token)


def fails(answer, error, status=400):
    """Checks that an OAuth client is told this error."""
    assert (answer.status, answer.json()["error"]) == (status, error), answer
    assert answer.header("Cache-Control") == "no-store"
    return answer


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def claims_of(token):
    """The claims of a JWT, whose signature other tests check."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Client:
    """A registered client. `words` are those of `coatcheck client add`."""

    def __init__(self, server, *words):
        made = server.command_json("client", "add", *words)
        self.server, self.id, self.secret = server, made["client_id"], made.get("client_secret")
        self.method = made["token_endpoint_auth_method"]
        self.caller = Caller(server.port, next_address())

    def request(self, **changes):
        """The query of an authorization request; None leaves a parameter out."""
        self.verifier = secrets.token_urlsafe(48)
        parameters = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "state": "a state",
            "scope": "openid",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return urlencode({name: value for name, value in parameters.items() if value is not None}, True)

    def token(self, headers=None, **form):
        fields = {name: value for name, value in form.items() if value is not None}
        sent = {**FORM, **(headers or {})}
        if self.method == "client_secret_basic" and "Authorization" not in sent:
            pair = f"{quote(self.id, safe='')}:{quote(self.secret, safe='')}".encode()
            sent["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        elif "Authorization" not in sent:
            fields.setdefault("client_id", self.id)
        if self.method == "client_secret_post":
            fields.setdefault("client_secret", self.secret)
        return self.caller.post("/oauth2/token", body=urlencode(fields, True).encode(), headers=sent)

    def redeem(self, code, **changes):
        form = {"redirect_uri": CALLBACK, "code_verifier": self.verifier, **changes}
        return self.token(grant_type="authorization_code", code=code, **form)

    def refresh(self, token, **more):
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def sign_in(self, visitor, **changes):
        """The tokens of a new grant."""
        answer = self.redeem(visitor.code_for(self.request(**changes)))
        assert answer.status == 200, answer
        return answer.json()


class Visitor:
    """A person with a browser."""

    def __init__(self, server, user, address=None):
        self.server, self.user = server, user
        self.caller = Caller(server.port, address or next_address())
        self.cookies = {}

    def ask(self, method, target, fields=None, headers=None):
        more = {} if fields is None else {"body": urlencode(fields).encode()}
        sent = {**(PAGE if method == "GET" else {**OWN_PAGE, **FORM}), **(headers or {})}
        sent = {name: value for name, value in sent.items() if value is not None}
        answer = self.caller.request(method, target, cookies=self.cookies, headers=sent, **more)
        for name, cookie in answer.cookies.items():
            self.cookies[name] = cookie.value
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        return answer

    def goes_to(self, query):
        return self.ask("GET", f"/oauth2/authorize?{query}")

    def follow(self, answer, decision="allow"):
        """Goes on until the browser leaves the server. Returns the address."""
        for _ in range(8):
            if answer.status == 303:
                location = answer.header("Location")
                if not location.startswith("/"):
                    return location
                answer = self.ask("GET", location)
                continue
            assert answer.status == 200, answer
            answer = self.submit(answer, decision)
        raise AssertionError("the pages do not end")

    def submit(self, page, decision="allow", **changes):
        action, fields = form_of(page)
        fields |= (
            {"login": self.user.name, "password": PASSWORD}
            if b'name="password"' in page.body
            else {"decision": decision}
        )
        return self.ask("POST", action, {**fields, **changes})

    def leads_to(self, query, decision="allow"):
        """The parameters with which the browser comes back to the client."""
        address = urlsplit(self.follow(self.goes_to(query), decision))
        return {name: values[0] for name, values in parse_qs(address.query).items()}

    def code_for(self, query):
        parameters = self.leads_to(query)
        assert "code" in parameters, parameters
        return parameters["code"]


def form_of(page):
    text = page.body.decode()
    action = html.unescape(re.search(r'<form method="post" action="([^"]*)"', text).group(1))
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
    return action, {name: html.unescape(value) for name, value in hidden}
