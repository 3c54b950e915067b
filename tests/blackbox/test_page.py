# SPDX-License-Identifier: Apache-2.0
"""The page at /: how the server serves it. Tests in a real browser cover what the page does."""

import re
from html.parser import HTMLParser

import pytest

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
FILES = {
    "/": "text/html; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
    "/page.css": "text/css; charset=utf-8",
}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.inline = []
        self._open = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._open = tag

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open in ("script", "style") and data.strip():
            self.inline.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def page(caller):
    return Page(caller.get("/").body.decode())


@pytest.mark.parametrize("target,content_type", FILES.items())
def test_every_file_of_the_page_has_its_type_and_a_tag(caller, target, content_type):
    answer = caller.get(target)
    assert answer.status == 200 and answer.body
    assert answer.header("Content-Type") == content_type
    assert answer.header("X-Content-Type-Options") == "nosniff"
    tag = answer.header("ETag")
    assert re.fullmatch(r'(W/)?"[^"]+"', tag)
    again = caller.get(target, headers={"If-None-Match": tag})
    assert again.status == 304 and again.body == b"" and again.header("ETag") == tag
    assert caller.get(target, headers={"If-None-Match": '"another"'}).status == 200
    assert caller.get(target, headers={"If-None-Match": f'"another", {tag}'}).status in (200, 304)


def test_the_page_has_the_policy_of_the_contract(caller):
    for headers in ({}, {"If-None-Match": caller.get("/").header("ETag")}):
        answer = caller.get("/", headers=headers)
        if answer.status == 200:
            assert answer.header("Content-Security-Policy") == POLICY
    assert answer.status == 304


@pytest.mark.parametrize("target", [*FILES, "/nothing", "/api/v1/users/me"])
def test_nothing_can_be_framed_sniffed_or_leaked_by_a_link(caller, target):
    answer = caller.get(target)
    assert answer.header("X-Content-Type-Options") == "nosniff"
    if target == "/":
        assert "frame-ancestors 'none'" in answer.header("Content-Security-Policy")
        assert answer.header("Referrer-Policy") in ("no-referrer", "same-origin", "strict-origin")
        assert answer.header("Cross-Origin-Opener-Policy") == "same-origin"


def test_the_page_holds_no_inline_code(page):
    """The content security policy would block inline code, and the page would fail without a visible
    reason."""
    assert not page.inline
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (
            tag,
            attributes,
        )
        for value in attributes.values():
            assert not (value or "").strip().lower().startswith("javascript:")


def test_the_page_loads_nothing_from_elsewhere(caller, page):
    links = [
        attributes.get("src") or attributes.get("href")
        for tag, attributes in page.tags
        if tag in ("script", "link", "img", "iframe")
    ]
    assert links and not [
        link for link in links if re.match(r"(?i)[a-z]+:|//", link) and not link.startswith("data:image")
    ]
    for link in links:
        if link.startswith("/"):
            assert caller.get(link).status == 200
    for target in ("/page.js", "/page.css"):
        assert not re.search(rb"https?://(?!localhost|www\.w3\.org)", caller.get(target).body)


def test_passwords_are_masked_and_managers_can_fill_them(page):
    inputs = page.all("input")
    passwords = [
        attributes
        for attributes in inputs
        if "password" in (attributes.get("autocomplete") or "") or attributes.get("type") == "password"
    ]
    assert passwords and all(attributes.get("type") == "password" for attributes in passwords)
    assert all(
        attributes.get("autocomplete") in ("current-password", "new-password") for attributes in passwords
    )
    assert any(attributes.get("autocomplete") == "username" for attributes in inputs)
    assert not any(
        "onpaste" in attributes or attributes.get("autocomplete") == "off" for attributes in inputs
    )


def test_the_page_is_the_same_for_everybody(caller, ada):
    """No script depends on the user, so that another site cannot learn anything by loading the script."""
    token = caller.sign_in_body(ada)["token"]
    for target in FILES:
        plain = caller.get(target)
        signed_in = caller.get(target, bearer=token, cookies={"__Host-Http-coatcheck": token})
        assert plain.body == signed_in.body and not signed_in.all("Set-Cookie")


def test_the_page_says_what_language_it_is_in(caller, page):
    assert page.all("html")[0].get("lang") and page.all("title") is not None
    assert caller.get("/").body.lstrip().lower().startswith(b"<!doctype html>")
