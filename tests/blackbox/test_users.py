# SPDX-License-Identifier: Apache-2.0
"""Sign-up, and a user's own account."""

import unicodedata

import pytest
from client import Browser, Caller
from conftest import next_address
from server import PASSWORD

SETTINGS = {"sign_up.enabled": True}
OTHER = "eleven amber herons hum quietly"


def sign_up(caller, name, password=PASSWORD, **more):
    return caller.post("/api/v1/users", json={"username": name, "password": password, **more})


class Named:
    def __init__(self, name, password=PASSWORD):
        self.name, self.password = name, password


def test_sign_up_is_off_unless_switched_on(make_server):
    server = make_server().start()
    caller = Caller(server.port)
    assert sign_up(caller, "ada").verdict == (403, "sign_up_disabled")
    assert "ada" not in server.command("user", "list")


def test_who_signs_up_can_sign_in(caller):
    answer = sign_up(caller, "newcomer", email="newcomer@example.org")
    assert answer.status == 201
    user = answer.json()["user"]
    assert user["username"] == "newcomer" and user["email"] == "newcomer@example.org"
    assert user["roles"] == [] and user["claims"] == {} and len(user["id"]) == 22
    assert caller.sign_in_body(Named("newcomer"))["user"] == user
    assert caller.sign_in_body(Named("newcomer@example.org"))["user"] == user


@pytest.mark.parametrize(
    "member", ["roles", "claims", "id", "ver", "status", "active", "admin", "password_hash"]
)
def test_nobody_gives_themselves_more_than_the_form_has(caller, member):
    answer = sign_up(caller, f"climber-{member}", **{member: ["admin"]})
    assert answer.verdict == (400, "unknown_member") and answer.json()["member"] == member
    assert caller.try_sign_in(Named(f"climber-{member}")).status == 401


def test_a_name_is_given_once_however_it_is_spelt(caller):
    assert sign_up(caller, "Åsa").status == 201
    for spelling in ("Åsa", "åsa", "ÅSA", unicodedata.normalize("NFD", "Åsa"), "\u212bsa"):
        assert sign_up(caller, spelling).verdict == (409, "username_taken"), ascii(spelling)


def test_an_e_mail_address_is_given_once(caller):
    assert sign_up(caller, "first", email="shared@example.org").status == 201
    assert sign_up(caller, "second", email="shared@example.org").verdict == (409, "email_taken")
    assert sign_up(caller, "second", email="Shared@Example.org").verdict == (409, "email_taken")


def test_nobody_takes_anothers_address_as_a_name(caller):
    """A user may sign in with an e-mail address, so it must not belong to two users."""
    assert sign_up(caller, "owner", email="owner@example.org").status == 201
    taken = sign_up(caller, "owner@example.org", password=OTHER)
    assert taken.status in (400, 409)
    assert caller.sign_in_body(Named("owner@example.org"))["user"]["username"] == "owner"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a" * 1000,
        "new\nline",
        "nul\u0000",
        "bell\u0007",
        " leading",
        "trailing ",
        "\u200b",
        "\u202eada",
        "\ufeffada",
        "\u3164",
        "ada\u115f",
        "ada\ufe0f",
        "a\u034fda",
        "ada\u2800",
        "ada\u00a0b",
        "ada  b",
    ],
)
def test_names_that_nobody_could_read_or_type_are_refused(caller, name):
    assert sign_up(caller, name).verdict == (400, "invalid_member")


@pytest.mark.parametrize(
    "name,why",
    [
        ("p\u0430ypal", "scripts"),
        ("Ada \u041b\u0430\u0432\u043b\u0435\u0439\u0441", "scripts"),
        ("\u0905\u0967\u0968\u0663", "digits"),
        ("\ufb01n", "letters"),
        ("ada\u2665", "letters"),
        ("1\u05d3\u05e0\u05d4", "place"),
    ],
)
def test_names_that_look_like_others_are_refused(server, caller, name, why):
    """RFC 8265 and UTS 39 (issue 18, row 15), wherever a name comes from."""
    answer = sign_up(caller, name)
    assert answer.verdict == (400, "invalid_member")
    assert answer.json()["member"] == "username" and why in answer.json()["detail"]
    said = server.try_command("user", "add", name, "--password-stdin", stdin=PASSWORD + "\n")
    assert said.returncode != 0 and "username" in said.stderr and why in said.stderr


@pytest.mark.parametrize(
    "name", ["\u0410\u0434\u0430", "\u5c71\u7530\u592a\u90ce", "\uae40\ubbfc\uc900", "Ada von \u00d6"]
)
def test_names_of_any_script_are_taken(caller, name):
    assert sign_up(caller, name).status == 201
    assert caller.sign_in_body(Named(name))["user"]["username"] == name


def test_width_makes_no_other_name(caller):
    """Keyboards of East Asia write letters in full width (RFC 8265 section 3.3)."""
    answer = sign_up(caller, "\uff37\uff49\uff44\uff45", email="wide\uff20example.org")
    assert answer.status == 201 and answer.json()["user"]["username"] == "Wide"
    assert sign_up(caller, "wide").verdict == (409, "username_taken")
    for typed in ("wide", "\uff57\uff49\uff44\uff45", "wide@example.org", "Wide\uff20example.org"):
        assert caller.sign_in_body(Named(typed))["user"]["username"] == "Wide"


@pytest.mark.parametrize("typed", ["spaced ", " spaced", "spaced\u3000", " spaced@example.org "])
def test_spaces_at_the_ends_of_a_login_do_not_count(caller, typed):
    """Keyboards of phones add them (issue 19, row 25)."""
    sign_up(caller, "spaced", email="spaced@example.org")
    assert caller.sign_in_body(Named(typed))["user"]["username"] == "spaced"


@pytest.mark.parametrize(
    "email",
    ["", "no-at-sign", "@example.org", "a@", "a b@example.org", "a@b\r\nBcc: x@y.z", "a" * 400 + "@x.org"],
)
def test_addresses_that_cannot_be_are_refused(caller, email):
    answer = sign_up(caller, "postless", email=email)
    assert answer.verdict == (400, "invalid_member") and answer.json()["member"] == "email"


@pytest.mark.parametrize(
    "password,code",
    [
        ("x", "password_too_short"),
        ("fourteen chars", "password_too_short"),
        ("🦦" * 14, "password_too_short"),
        ("e\u0301" * 8, "password_too_short"),
        ("x" * 70000, None),
    ],
)
def test_short_and_endless_passwords_are_refused(caller, password, code):
    answer = sign_up(caller, "weak", password=password)
    if code is None:
        assert answer.verdict == (413, "body_too_large")
    else:
        assert answer.verdict == (400, code) and answer.json()["member"] == "password"


def test_common_passwords_are_refused(caller):
    codes = [
        sign_up(caller, "weak", password=password).code
        for password in ("passwordpassword", "qwertyuiopasdfghjkl", "123456789012345")
    ]
    assert "password_too_common" in codes, codes


@pytest.mark.parametrize("length", [15, 64, 256])
def test_long_passwords_of_any_kind_are_taken(caller, length):
    letters = "zwölf Boxkämpfer jagen Viktor 🥊 über den großen Sylter Deich "
    password = (letters * 5)[:length]
    assert sign_up(caller, f"long-{length}", password=password).status == 201
    assert caller.sign_in_body(Named(f"long-{length}", password))["user"]["username"] == f"long-{length}"


def test_there_is_a_longest_password(caller):
    answer = sign_up(caller, "endless", password="nine violet otters " * 500)
    assert answer.verdict == (400, "password_too_long") and answer.json()["member"] == "password"


def test_sign_up_from_a_foreign_page_is_refused(caller):
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    form = {"username": "planted", "password": PASSWORD}
    assert caller.post("/api/v1/users", json=form, headers=foreign).verdict == (403, "csrf_refused")


def test_users_read_their_own_account(caller, user):
    signed_in = caller.sign_in_body(user)
    answer = caller.get("/api/v1/users/me", bearer=signed_in["token"])
    assert answer.status == 200 and answer.json() == {"user": signed_in["user"]}
    assert caller.get("/api/v1/users/me").verdict == (401, "token_missing")


def test_users_change_and_remove_their_address_with_their_password(caller, user):
    token = caller.sign_in_body(user)["token"]

    def change(email, password=user.password):
        return caller.patch(
            "/api/v1/users/me", bearer=token, json={"email": email, "current_password": password}
        )

    assert change(f"{user.name}@example.org").json()["user"]["email"] == f"{user.name}@example.org"
    assert change("other@example.org", OTHER).verdict == (401, "invalid_credentials")
    assert caller.get("/api/v1/users/me", bearer=token).json()["user"]["email"] == f"{user.name}@example.org"
    assert caller.sign_in_body(Named(f"{user.name}@example.org"))["user"]["username"] == user.name
    assert change(None).json()["user"]["email"] is None
    assert caller.try_sign_in(Named(f"{user.name}@example.org")).verdict == (401, "invalid_credentials")
    answer = caller.patch("/api/v1/users/me", bearer=token, json={"email": "x@example.org"})
    assert answer.verdict == (400, "missing_member") and answer.json()["member"] == "current_password"
    for member in ("roles", "username", "claims"):
        form = {"email": None, "current_password": user.password, member: "admin"}
        assert caller.patch("/api/v1/users/me", bearer=token, json=form).verdict == (400, "unknown_member")


def change_password(caller, token, current, new):
    form = {"current_password": current, "new_password": new}
    return caller.put("/api/v1/users/me/password", bearer=token, json=form)


def test_a_password_change_ends_the_other_sessions_and_keeps_this_one(caller, user):
    here, there = caller.sign_in_body(user), caller.sign_in_body(user)
    answer = change_password(caller, here["token"], user.password, OTHER)
    assert answer.status == 200
    changed = answer.json()
    assert changed.keys() == here.keys() and changed["session"]["id"] == here["session"]["id"]
    assert caller.verify(changed["token"]).status == 200
    assert caller.verify(here["token"]).verdict == (401, "token_revoked")
    assert caller.verify(there["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(there["refresh_token"]).verdict == (401, "session_ended")
    assert caller.refresh(changed["refresh_token"]).status == 200
    assert caller.try_sign_in(user).verdict == (401, "invalid_credentials")
    assert caller.try_sign_in(user, OTHER).status == 200


def test_a_copied_refresh_token_is_worthless_from_the_password_change_on(caller, user):
    """Within the grace it got the new token (issue 18, row 3)."""
    superseded = caller.sign_in_body(user)
    current = caller.refresh(superseded["refresh_token"]).json()
    changed = change_password(caller, current["token"], user.password, OTHER).json()
    for copy in (superseded, current, current):
        assert caller.refresh(copy["refresh_token"]).verdict == (401, "session_ended")
    again = caller.refresh(changed["refresh_token"])
    assert again.status == 200, "who presents a copy ends nothing"
    assert (
        caller.delete("/api/v1/authentication", json={"refresh_token": current["refresh_token"]}).status
        == 204
    )
    assert caller.refresh(again.json()["refresh_token"]).verdict == (401, "session_ended"), "it may sign out"


def test_a_password_change_by_cookie_keeps_tokens_out_of_the_body(server, user):
    browser = Browser(server.port, next_address())
    browser.sign_in(user, "cookie")
    before = dict(browser.jar)
    form = {"current_password": user.password, "new_password": OTHER}
    assert browser.put(
        "/api/v1/users/me/password",
        json=form,
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    ).verdict == (403, "csrf_refused")
    answer = browser.put("/api/v1/users/me/password", json=form)
    assert answer.status == 200 and not {"token", "refresh_token"} & answer.json().keys()
    assert browser.jar["__Host-Http-coatcheck"] != before["__Host-Http-coatcheck"]
    assert browser.get("/api/v1/authentication").status == 200
    assert browser.post("/api/v1/authentication/refresh").status == 200


def test_a_password_changes_only_with_the_current_one_and_to_a_good_one(caller, user):
    token = caller.sign_in_body(user)["token"]
    assert change_password(caller, token, OTHER, OTHER).verdict == (401, "invalid_credentials")
    short = change_password(caller, token, user.password, "short")
    assert short.verdict == (400, "password_too_short") and short.json()["member"] == "new_password"
    assert (
        caller.put("/api/v1/users/me/password", bearer=token, json={"new_password": OTHER}).code
        == "missing_member"
    )
    assert caller.verify(token).status == 200, "a refused change changes nothing"
    assert caller.try_sign_in(user).status == 200


def test_guessing_the_current_password_with_a_stolen_token_is_limited(caller, user):
    token = caller.sign_in_body(user)["token"]
    for _ in range(101):
        answer = change_password(caller, token, "not the password at all", OTHER)
        if answer.status == 429:
            break
        assert answer.verdict == (401, "invalid_credentials")
    assert answer.verdict == (429, "too_many_attempts")


def test_a_deleted_account_is_gone_and_its_name_comes_back_as_somebody_else(caller, server):
    user = server.add_user()
    signed_in = caller.sign_in_body(user)

    def delete(password):
        return caller.delete(
            "/api/v1/users/me", bearer=signed_in["token"], json={"current_password": password}
        )

    assert delete(OTHER).verdict == (401, "invalid_credentials")
    assert caller.verify(signed_in["token"]).status == 200
    assert delete(user.password).status == 204
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert caller.try_sign_in(user).verdict == (401, "invalid_credentials")
    again = sign_up(caller, user.name)
    assert again.status == 201 and again.json()["user"]["id"] != signed_in["user"]["id"]
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
