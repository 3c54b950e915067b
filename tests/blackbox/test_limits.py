# SPDX-License-Identifier: Apache-2.0
"""The limits slow down guessing, but not a user who knows the password. The unit tests control the clock and
check that limits ease with time."""

import concurrent.futures
import hashlib
import itertools

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD, User

WRONG = "not the password at all"
# NIST SP 800-63B-4 3.2.2: at most 100 failures in a row on one account.
MOST = 100


def guess_until_limited(caller, user):
    """The number of wrong passwords before the first 429."""
    for number in range(MOST + 1):
        answer = caller.try_sign_in(user, WRONG)
        if answer.status == 429:
            return number
        assert answer.verdict == (401, "invalid_credentials")
    pytest.fail(f"more than {MOST} guesses")


def test_wrong_passwords_are_limited_and_the_answer_says_for_how_long(caller, user):
    assert 5 <= guess_until_limited(caller, user) <= MOST
    answer = caller.try_sign_in(user, WRONG)
    assert answer.verdict == (429, "too_many_attempts")
    assert 1 <= int(answer.header("Retry-After")) <= 3600
    assert answer.json()["retry_after"] == int(answer.header("Retry-After"))


def test_the_right_password_is_not_found_out_while_limited(caller, user):
    guess_until_limited(caller, user)
    wrong, right = caller.try_sign_in(user, WRONG), caller.try_sign_in(user)
    assert wrong.verdict == right.verdict == (429, "too_many_attempts")
    assert not right.all("Set-Cookie")


def test_attempts_made_while_limited_do_not_make_it_longer(caller, user):
    guess_until_limited(caller, user)
    first = int(caller.try_sign_in(user, WRONG).header("Retry-After"))
    for _ in range(30):
        last = int(caller.try_sign_in(user, WRONG).header("Retry-After"))
    assert last <= first


def test_signing_in_rightly_is_never_limited(caller, user):
    for _ in range(30):
        assert caller.try_sign_in(user).status == 200


def test_right_ones_in_between_do_not_give_guesses_back(caller, server, user):
    """An attacker must not reset the count by signing in to an account of their own."""
    own = server.add_user()
    count = 0
    for _ in range(MOST + 1):
        assert caller.try_sign_in(own).status in (200, 429)
        if caller.try_sign_in(user, WRONG).status == 429:
            break
        count += 1
    assert count <= MOST


def test_another_address_can_still_sign_in(caller, server, user):
    guess_until_limited(caller, user)
    assert Caller(server.port, next_address()).try_sign_in(user).status == 200


def test_another_user_can_still_sign_in_from_the_same_address(caller, server, user):
    guess_until_limited(caller, user)
    assert caller.try_sign_in(server.add_user()).status == 200


def test_a_session_goes_on_while_its_user_is_attacked(caller, server, user):
    signed_in = Caller(server.port, next_address()).sign_in_body(user)
    guess_until_limited(caller, user)
    assert caller.verify(signed_in["token"]).status == 200
    assert caller.refresh(signed_in["refresh_token"]).status == 200


def test_a_name_that_nobody_has_is_limited_just_the_same(caller, server, user):
    """Without this, the limit would reveal which users exist."""
    other = Caller(server.port, next_address())
    nobody = User("nobody-of-this-name", WRONG)
    assert guess_until_limited(caller, user) == guess_until_limited(other, nobody)
    known, unknown = caller.try_sign_in(user, WRONG), other.try_sign_in(nobody, WRONG)
    assert known.status == unknown.status == 429
    assert known.json().keys() == unknown.json().keys()


def test_limits_do_not_tell_which_of_two_names_a_user_has(make_server):
    """Row 9 of the issue "Promises that hold": names shared a row of the limits if their SHA-256 began alike,
    and users had rows of their own."""
    server = make_server()
    spoilt = User("spoilt-name", WRONG)
    row = row_of(spoilt.name)
    sharing = (name for name in map("name-{}".format, itertools.count()) if row_of(name) == row)
    taken, free = next(sharing), next(sharing)
    server.add_user(taken, PASSWORD)
    server.start()
    caller = Caller(server.port, next_address())
    guess_until_limited(caller, spoilt)
    with_user, without = (caller.try_sign_in(User(name, WRONG)) for name in (taken, free))
    assert with_user.status == without.status


def row_of(name):
    return hashlib.sha256(name.encode()).digest()[:2]


def test_sign_ups_that_succeed_are_limited_by_their_address(make_server):
    """Row 12: one address made 573 accounts in 6 s."""
    server = make_server({"sign_up.enabled": True})
    server.start()
    caller = Caller(server.port, next_address())
    statuses = []
    for number in range(60):
        form = {"username": f"newcomer-{number}", "password": PASSWORD}
        answer = caller.post("/api/v1/users", json=form)
        statuses.append(answer.status)
    assert statuses[:50] == [201] * 50 and statuses[-1] == 429, statuses
    assert answer.verdict == (429, "too_many_attempts") and 1 <= int(answer.header("Retry-After")) <= 60
    elsewhere = Caller(server.port, next_address())
    form["username"] = "somebody-else"
    assert elsewhere.post("/api/v1/users", json=form).status == 201
    assert caller.try_sign_in(User("newcomer-0", PASSWORD)).status == 200


def test_a_user_cannot_ask_for_ever_which_e_mail_addresses_are_in_use(caller, server, user):
    """Row 13."""
    for number in range(6):
        server.add_user(f"neighbour-{number}", PASSWORD, "--email", f"neighbour-{number}@example.org")
    token = caller.sign_in_body(user)["token"]

    def change(email):
        form = {"email": email, "current_password": PASSWORD}
        return caller.patch("/api/v1/users/me", json=form, bearer=token)

    verdicts = [change(f"neighbour-{number}@example.org").verdict for number in range(6)]
    assert verdicts == [(409, "email_taken")] * 5 + [(429, "too_many_attempts")]
    assert change("my-own@example.org").verdict == (429, "too_many_attempts"), "or the answer would tell"


@pytest.mark.parametrize("spell", [str.upper, str.title, lambda name: name.replace("u", "U")])
def test_another_spelling_of_the_name_is_no_other_name(caller, server, spell):
    user = server.add_user()
    guess_until_limited(caller, user)
    assert caller.try_sign_in(User(spell(user.name), PASSWORD)).status == 429


def test_the_e_mail_address_is_no_second_chance(caller, server):
    """Guesses by name and by e-mail address together are at most twice the guesses by one of them."""
    user = server.add_user("postal", PASSWORD, "--email", "postal@example.org")
    first = guess_until_limited(caller, user)
    second = guess_until_limited(caller, User("postal@example.org", PASSWORD))
    assert first + second <= 2 * first


def test_many_addresses_do_not_open_a_name_and_do_not_shut_the_owner_out(server):
    """A botnet keeps each address below its limit, and the name is still limited. The owner's own address is
    spared."""
    user = server.add_user()
    owner = Caller(server.port, next_address())
    owner.sign_in_body(user)
    guesses, addresses = 0, 0
    for _ in range(60):
        guesser = Caller(server.port, next_address())
        addresses += 1
        statuses = [guesser.try_sign_in(user, WRONG).status for _ in range(5)]
        guesses += statuses.count(401)
        if statuses[0] == 429:
            break
    assert guesses <= MOST and addresses < 60, f"{guesses} guesses from {addresses} addresses"
    assert Caller(server.port, next_address()).try_sign_in(user).status == 429, "a stranger waits"
    assert owner.try_sign_in(user).status == 200, "the owner does not"


def test_one_address_cannot_try_many_names(caller, server):
    """Password spraying: one common password, tried once for each of many names, is limited."""
    tried = 0
    for number in range(300):
        answer = caller.try_sign_in(User(f"somebody-{number}", WRONG))
        if answer.status == 429:
            break
        tried += 1
    assert 20 <= tried <= 200, f"{tried} names from one address"
    assert Caller(server.port, next_address()).try_sign_in(User("somebody-0", WRONG)).status == 401


def test_guessing_in_parallel_gains_next_to_nothing(caller, server):
    """A limit is checked before the hash and charged after it, and yet parallel guesses must not all pass."""
    serial = guess_until_limited(caller, server.add_user())
    user, guesser = server.add_user(), Caller(server.port, next_address())
    message = guesser.compose(
        "POST", "/api/v1/authentication", json={"username": user.name, "password": WRONG}
    )
    connections = [guesser.connect() for _ in range(60)]
    for connection in connections:
        connection.send(message[:-1])
    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        list(pool.map(lambda connection: connection.send(message[-1:]), connections))
        statuses = [answer.status for answer in pool.map(lambda connection: connection.read(), connections)]
    for connection in connections:
        connection.close()
    assert set(statuses) <= {401, 429, 503}
    assert statuses.count(401) <= serial + 4, (
        f"{statuses.count(401)} guesses in parallel, {serial} one by one"
    )


def test_limits_survive_a_restart_and_a_crash(make_server):
    server = make_server()
    users = [server.add_user(), server.add_user()]
    server.start()
    caller = Caller(server.port, next_address())
    for user, again in zip(users, (server.restart, server.crash_and_restart), strict=True):
        guess_until_limited(caller, user)
        again()
        assert caller.try_sign_in(user, WRONG).status == 429
        assert caller.try_sign_in(user).status == 429
        assert Caller(server.port, next_address()).try_sign_in(user).status == 200


def test_disabling_is_not_shown_by_the_limit(caller, server, user):
    server.command("user", "disable", user.name)
    for _ in range(3):
        assert caller.try_sign_in(user).verdict == (401, "invalid_credentials")
    assert guess_until_limited(caller, user) <= MOST


def test_refusals_of_another_kind_are_not_counted(caller, user):
    for body in (b"{", b"{}", b'{"username":"x"}', b"[]"):
        for _ in range(30):
            assert caller.post("/api/v1/authentication", body=body).status == 400
    for _ in range(120):
        assert caller.verify("junk").status == 401
        assert caller.refresh("ccr_junk").status == 401
    assert caller.try_sign_in(user).status == 200


def test_many_sign_ins_at_once_are_answered_or_told_to_wait(server):
    """The hashing pool is bounded: the server may answer that it is busy, but must not hang or crash."""
    users = [server.add_user() for _ in range(4)]
    callers = [Caller(server.port, next_address()) for _ in range(48)]
    with concurrent.futures.ThreadPoolExecutor(48) as pool:
        answers = list(pool.map(lambda pair: pair[1].try_sign_in(users[pair[0] % 4]), enumerate(callers)))
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {200, 429, 503} and statuses.count(200) >= 4, statuses
    assert all(answer.header("Retry-After") for answer in answers if answer.status != 200)
    assert callers[0].try_sign_in(users[0]).status == 200
