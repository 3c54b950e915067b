#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs three nodes on a PostgreSQL with a standby under load and faults, and checks what the clients saw.

Users work on all nodes while one fault after another happens. Then the invariants of ARCHITECTURE.md are
checked against the history (history.py). The campaign makes network namespaces and so needs root. No packet
leaves them.

  tests/campaign/campaign.py                       two minutes
  tests/campaign/campaign.py --seconds 14400       a night
  COATCHECK_BINARY=… tests/campaign/campaign.py    another build (broken.py makes builds that must fail)
"""

import argparse
import asyncio
import dataclasses
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import network

network.enter() if __name__ == "__main__" else None

from cluster import Cluster  # noqa: E402
from faults import Faults  # noqa: E402
from history import Rules, check  # noqa: E402
from load import PASSWORD, Load  # noqa: E402

RULES = Rules(grace=5, absolute=75)


def make_people(cluster, count):
    people = []
    for number in range(count):
        name = f"person-{number}"
        added = cluster.nodes[0].command("user", "add", name, stdin=PASSWORD + "\n")
        people.append((name, added["user"]["id"]))
    return people


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--pace", type=float, default=4.0, help="operations a second of each")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1 << 30), help="of all that is random here"
    )
    parser.add_argument("--faults", nargs="+", help='only these, such as "kill a node"')
    parser.add_argument("--history", type=Path, help="keeps what was seen in this file")
    parser.add_argument("--stop-at-violation", action="store_true", help="ends as soon as something is found")
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"campaign: seed {options.seed}", flush=True)

    directory = Path(tempfile.mkdtemp(prefix="coatcheck-campaign-"))
    records = []
    cluster = Cluster(
        network.Network(),
        directory,
        {
            "sessions.refresh_grace": f"{RULES.grace:g}s",
            "sessions.absolute": f"{RULES.absolute:g}s",
            "tokens.access_ttl": "60s",
        },
    )
    failed = None
    try:
        print("campaign: three nodes and two databases start", flush=True)
        cluster.start()
        people = make_people(cluster, options.people)
        key = cluster.nodes[0].command("service-key", "add", "operator", "--scope", "users")["key"]
        faults = Faults(cluster, records.append, options.seed, options.faults)
        load = Load(cluster.nodes, people, records.append, RULES.grace, options.pace, key)

        def go_wrong():
            end, shown = time.monotonic() + options.seconds, 0.0
            while time.monotonic() < end:
                time.sleep(random.uniform(0.5, 2))
                faults.one()
                if options.stop_at_violation and check(list(records), RULES):
                    return
                if time.monotonic() - shown > 10:
                    shown = time.monotonic()
                    print(
                        f"campaign: {max(0, end - shown):.0f} s to go, {len(records)} records, faults: {sum(faults.done.values())}",
                        flush=True,
                    )

        asyncio.run(load.run(go_wrong))
        for node in cluster.nodes:
            node.stop()
    except Exception as failure:  # the history until then is worth reading
        failed = failure
        raise
    finally:
        cluster.end()
        if options.history:
            lines = [dataclasses.asdict(RULES), *records]
            options.history.write_text("".join(json.dumps(line) + "\n" for line in lines))
        if failed is None:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            print(f"campaign: what the nodes wrote is in {directory}", file=sys.stderr)

    found = check(records, RULES)
    # A campaign in which too little succeeded has shown nothing.
    worked = {
        op: sum(
            record["op"] == op and record["status"] in (200, 204)
            for record in records
            if record["op"] != "fault"
        )
        for op in ("sign_in", "refresh", "verify", "sign_out", "disable")
    }
    reused = sum(
        record["op"] == "refresh" and record.get("code") == "refresh_token_reused"
        for record in records
        if record["op"] != "fault"
    )
    if not options.stop_at_violation and (
        min(worked.values()) < options.seconds / 20 or reused == 0 or not faults.done
    ):
        found.append(f"nothing: too little worked to show anything: {worked}, {reused} tokens used again")
    operations = {}
    for (op, status), count in sorted(load.counts.items()):
        operations.setdefault(op, []).append(f"{count} {status}")
    print("operations: " + "; ".join(f"{op}: {', '.join(counts)}" for op, counts in operations.items()))
    print(
        "faults: "
        + ", ".join(f"{count} x {name}" for name, count in sorted(faults.done.items()))
        + f" (seed {options.seed})"
    )
    for text in found[:20]:
        print(f"violation: {text}", file=sys.stderr)
    print(
        f"{'FAIL' if found else 'PASS'} campaign: {len(records) - sum(faults.done.values())} operations, {sum(faults.done.values())} faults, {len(found)} violations"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
