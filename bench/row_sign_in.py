# SPDX-License-Identifier: Apache-2.0
"""Measures sign-ins of 64 clients at once, compared with libsodium's Argon2id alone on all cores."""

from figures import Figure, Sample, in_turn
from programs import client, raw
from row_verify import bearer
from servers import CORES

CLIENTS = 64


def spot_check(town, server, name):
    """Checks that a right password gives a token that is accepted, and a wrong one gives nothing. Returns
    the fault in the server's answers, or None."""
    token = town.sign_in(server, name)["token"]
    if server.get("/api/v1/verify", **bearer(token)).status != 200:
        return "the token of a sign-in does not count"
    with_wrong_password = {**town.form(name), "password": "another password"}
    caller = server.connect()
    status = caller.ask("POST", "/api/v1/authentication", with_wrong_password).status
    caller.close()
    return None if status == 401 else f"a wrong password gets {status}"


def measure(bench):
    town = bench.town
    warm = Figure(
        "sign-in",
        f"{CLIENTS} clients",
        "sign-ins/s",
        "raw Argon2id on all cores, memory kept warm in huge pages",
        "at least 0.95 of its rate",
        at_least=0.95,
        digits=1,
    )
    plain = Figure(
        "sign-in",
        f"{CLIENTS} clients",
        "sign-ins/s",
        "raw Argon2id on all cores, libsodium as it is",
        digits=1,
    )
    forms = town.write_forms()
    with town.server() as ours:

        def sign_ins():
            said, wrong = client("sign-in", ours.port, 1, bench.seconds(3), CLIENTS, 1, forms)
            return Sample(
                said["rate"],
                wrong or spot_check(town, ours, town.names[number]),
                f"p99 {said['p99_ms']:.0f} ms",
            )

        def hashes(kind):
            return raw("raw_argon2id", kind, 0.2, bench.seconds(2), CORES)["rate"]

        for number in bench.rounds():
            mine, bare, bare_warm = in_turn(number, sign_ins, lambda: hashes("plain"), lambda: hashes("warm"))
            warm.add(mine, bare_warm)
            plain.add(mine, bare)
            bench.say(
                warm,
                number,
                f"{mine.value:.1f}/s ({mine.note}), raw {bare:.1f}/s, raw and warm {bare_warm:.1f}/s",
            )
    return [warm, plain]
