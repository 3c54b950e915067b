# SPDX-License-Identifier: Apache-2.0
"""The `jose` package, which most JavaScript APIs use, verifies the server's tokens with only the URL of its
key set."""

import json
import os
import shutil
import subprocess

import pytest
from client import Caller
from forgeries import forgeries
from server import ROOT
from tokens import header_of

INTEROP = ROOT / "tests/interop"


@pytest.fixture(scope="module")
def jose():
    """Runs the package on tokens and returns its verdicts."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js, which script/test installs: the library it asks runs there")
    if not (INTEROP / "node_modules/jose").exists():
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"],
            cwd=INTEROP,
            check=True,
            capture_output=True,
            timeout=180,
        )

    def verify(server, algorithm, tokens):
        question = {
            "jwks": f"http://127.0.0.1:{server.port}/.well-known/jwks.json",
            "issuer": server.url,
            "audience": server.url,
            "algorithm": algorithm,
            "tokens": tokens,
        }
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        result = subprocess.run(
            ["node", "verify.mjs"],
            cwd=INTEROP,
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return verify


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
def test_jose_agrees_with_the_server(make_server, jose, algorithm):
    """The package accepts the server's tokens, from the old key and the new one, and none of the
    forgeries."""
    server = make_server({"tokens.algorithm": algorithm})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    signed_in, other = caller.sign_in_body(user), caller.sign_in_body(user)
    server.command("key", "rotate")
    later = caller.sign_in_body(user)
    tokens = {"before": signed_in["token"], "after": later["token"]}
    jwk = next(
        key
        for key in caller.get("/.well-known/jwks.json").json()["keys"]
        if key["kid"] == header_of(tokens["before"])["kid"]
    )
    forged = {name: text for name, text, _ in forgeries(signed_in["token"], other["token"], jwk)}
    verdicts = jose(server, algorithm, {**tokens, **forged})
    for name in tokens:
        assert verdicts[name] == {"sub": signed_in["user"]["id"], "kid": header_of(tokens[name])["kid"]}
    assert verdicts["before"]["kid"] != verdicts["after"]["kid"]
    # Like many libraries, it accepts other spellings of a signature. That is why the server is stricter.
    spelling = (
        "signature padded",
        "signature with a space",
        "signature with a tab",
        "signature with spare bits",
    )
    passed = [name for name in forged if "error" not in verdicts[name] and not name.startswith(spelling)]
    assert not passed, passed
