# SPDX-License-Identifier: Apache-2.0
"""Measures each row beside the limit it is held against, alternating the two, in one run: see script/bench."""

import argparse
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = ROOT / "build/release/coatcheck"
TOOLS = ROOT / "build/bench"
CORES = os.cpu_count()
PASSWORD = "nine violet otters paint lanterns"
WORK = Path(tempfile.mkdtemp(prefix="coatcheck-bench-"))
running = []


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def say(text):
    print(text, file=sys.stderr, flush=True)


def wait_for(port, path="/healthz"):
    for _ in range(2000):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).status
        except OSError:
            time.sleep(0.005)
    raise RuntimeError("the server did not start")


def end(process):
    running.remove(process)
    process.terminate()
    process.wait(15)


class Coatcheck:
    def __init__(self, name, *settings):
        self.data, self.port = WORK / name, free_port()
        self.command = [BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"]
        for setting in settings:
            self.command += ["--set", setting]

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(self.process)
        wait_for(self.port)
        return self

    def stop(self):
        end(self.process)

    def add_users(self, count):
        """All with one hash, made once: a benchmark of sign-in is no benchmark of adding users."""
        def add(name, option, secret):
            subprocess.run([BINARY, "user", "add", name, option, "--data", self.data], input=secret + "\n", text=True, check=True,
                           stdout=subprocess.DEVNULL)
        add("user-0", "--password-stdin", PASSWORD)
        hashed = subprocess.run(["sqlite3", self.data / "coatcheck.db", "SELECT password_hash FROM users"], capture_output=True, text=True,
                                check=True).stdout.strip()
        for number in range(1, count):
            add(f"user-{number}", "--password-hash-stdin", hashed)
        return [f"user-{number}" for number in range(count)]

    def post(self, path, form):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(form).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def sign_in(self, name):
        return self.post("/api/v1/authentication", {"username": name, "password": PASSWORD, "delivery": "body"})

    def memory(self):
        """Resident kilobytes."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text()).group(1))


class Nginx:
    """Answers a static 200 with fields of the same size as ours."""

    def __init__(self, fields):
        self.port = free_port()
        folder = WORK / f"nginx-{self.port}"
        folder.mkdir()
        added = "\n".join(f'add_header {name} "{value}";' for name, value in fields)
        (folder / "nginx.conf").write_text(f"""
worker_processes {CORES}; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 20000; multi_accept on; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{self.port} reuseport backlog=4096; server_tokens off; location / {{ {added} return 200 ""; }} }} }}
""")
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        running.append(self.process)
        wait_for(self.port)

    def stop(self):
        end(self.process)


def wrk(port, tokens, connections, seconds):
    out = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s", "-s", ROOT / "bench/verify.lua",
                          f"http://127.0.0.1:{port}", "--", tokens], capture_output=True, text=True, check=True).stdout
    rate, median, p99, wrong = re.search(r"result (\S+) (\S+) (\S+) (\S+)", out).groups()
    return float(rate), float(median), float(p99), int(wrong)


def client(port, lines, mode, seconds):
    out = subprocess.run([TOOLS / "client", str(port), str(seconds), mode], input="\n".join(lines) + "\n", capture_output=True, text=True,
                         check=True).stdout
    rate, median, p99, wrong = out.split()
    return float(rate), float(median), float(p99), int(wrong)


def part(*words):
    return float(subprocess.run([TOOLS / "parts", *map(str, words)], capture_output=True, text=True, check=True).stdout)


def alternate(rounds, ours, reference):
    """Runs both in turn; gives the two lists of results."""
    pairs = [(ours(), reference()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def row(name, ours, reference, unit, against, target, wrong=0, note=""):
    a, b = statistics.median(ours), statistics.median(reference)
    spread = (max(ours) - min(ours)) / a * 100 if a else 0
    ratio = a / b
    say(f"{name}: {a:,.1f} {unit}, {against} {b:,.1f}: ratio {ratio:.2f} (target {target}), spread {spread:.0f} %{', VOID: wrong answers' if wrong else ''} {note}")
    return {"name": name, "ours": a, "reference": b, "unit": unit, "against": against, "ratio": ratio, "target": target, "spread": spread,
            "wrong": wrong, "note": note}


def bench_verify(options):
    server = Coatcheck("verify", "sessions.refresh_grace=1ms")
    names = server.add_users(4)
    server.start()
    tokens = WORK / "tokens"
    made = []
    for name in names:
        grant = server.sign_in(name)
        for _ in range(250):
            made.append(grant["token"])
            grant = server.post("/api/v1/authentication/refresh", {"refresh_token": grant["refresh_token"]})
    tokens.write_text("\n".join(made) + "\n")
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/api/v1/verify", headers={"Authorization": f"Bearer {made[0]}"})
    with urllib.request.urlopen(request) as answer:
        fields = [(k, v) for k, v in answer.getheaders() if k not in ("Date", "Content-Length", "Connection", "Server")]
    nginx = Nginx(fields)
    rows = []
    for connections in (64, 1):
        ours, reference = alternate(options.rounds, lambda: wrk(server.port, tokens, connections, options.seconds),
                                    lambda: wrk(nginx.port, tokens, connections, options.seconds))
        rows.append(row(f"verify, {connections} connection{'s' if connections > 1 else ''}, 1,000 tokens", [r[0] for r in ours], [r[0] for r in reference],
                        "requests/s", "nginx, static 200", 1.0, sum(r[3] for r in ours + reference),
                        f"p99 {statistics.median(r[2] for r in ours):.2f} ms against {statistics.median(r[2] for r in reference):.2f} ms"))
    nginx.stop()
    server.stop()
    return rows


def bench_signin(options):
    server = Coatcheck("signin")
    names = server.add_users(64)
    server.start()
    bodies = [json.dumps({"username": name, "password": PASSWORD, "delivery": "body"}) for name in names]
    ours, reference = alternate(options.rounds, lambda: client(server.port, bodies, "signin", options.seconds), lambda: part("argon2", options.seconds))
    server.stop()
    return [row("sign-in, 64 clients", [r[0] for r in ours], reference, "sign-ins/s", f"raw Argon2id on {CORES} cores", 0.95, sum(r[3] for r in ours))]


def bench_refresh(options):
    server = Coatcheck("refresh", "sessions.refresh_grace=1ms")
    names = server.add_users(8)
    server.start()
    grants = [server.sign_in(names[i % 8])["refresh_token"] for i in range(64)]
    nginx = Nginx([("X-Fill", "x" * 1500)])

    def ours():
        nonlocal grants
        # Each run starts from fresh sessions: the client does not give its last tokens back.
        result = client(server.port, grants, "refresh", options.seconds)
        grants = [server.sign_in(names[i % 8])["refresh_token"] for i in range(64)]
        return result

    def limit():
        post = client(nginx.port, ["x" * 250] * 64, "post", options.seconds)[0]
        sign = part("es256", options.seconds / 2)
        store = part("sqlite", options.seconds / 2, tempfile.mktemp(dir=WORK))
        say(f"  parts: nginx POST {post:,.0f}/s, ES256 {sign:,.0f}/s, SQLite {store:,.0f} rows/s")
        return 1 / (1 / post + 1 / sign + 1 / store)

    measured, reference = alternate(options.rounds, ours, limit)
    nginx.stop()
    server.stop()
    return [row("refresh, durable, ES256, 64 clients", [r[0] for r in measured], reference, "refreshes/s", "harmonic sum of its parts", 0.8,
                sum(r[3] for r in measured), f"p99 {statistics.median(r[2] for r in measured):.1f} ms")]


def bench_memory(options):
    server = Coatcheck("memory")
    server.add_users(1)
    server.start()
    time.sleep(1)
    idle = server.memory() / 1024
    held = []
    try:
        for _ in range(10000):
            held.append(socket.create_connection(("127.0.0.1", server.port)))
            held[-1].send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except OSError as limit:
        say(f"  {len(held)} connections: {limit}")
    for one in held:
        one.recv(4096)
    full = server.memory() / 1024
    count = len(held)
    for one in held:
        one.close()
    server.stop()
    return [row("memory, idle", [idle], [15], "MB resident", "limit", "at most 1.0"),
            row(f"memory, {count:,} keep-alive connections", [full], [15], "MB resident", "limit when idle", "-", 0, f"{(full - idle) * 1024 / count:.1f} kB each")]


def bench_start(options):
    server = Coatcheck("start")
    server.add_users(1)

    def once():
        begun = time.perf_counter()
        server.process = subprocess.Popen(server.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(server.process)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", server.port)) as connection:
                    connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                        break
            except OSError:
                time.sleep(0.0005)
        taken = (time.perf_counter() - begun) * 1000
        server.stop()
        return taken

    times = [once() for _ in range(max(10, options.rounds * 4))]
    return [row("start, existing database", times, [20], "ms to the first 200", "limit", "at most 1.0")]


BENCHES = {"verify": bench_verify, "signin": bench_signin, "refresh": bench_refresh, "memory": bench_memory, "start": bench_start}


def version(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    return (result.stdout + result.stderr).strip().splitlines()[0]


def write_results(rows, options):
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    lines = ["# Results", "", f"`script/bench --write`, {time.strftime('%Y-%m-%d')}; median of {options.rounds} rounds of {options.seconds} s, ours and the reference in turn, load generator on the same cores.", "",
             f"{CORES} cores, {model.group(1) if model else platform.machine()}, Linux {platform.release().split('-')[0]}; {version('/usr/sbin/nginx', '-v')}; {version('wrk', '-v')[:12].strip()}; "
             f"{version('openssl', 'version')[:14]}; SQLite {version('sqlite3', '--version').split()[0]}; libsodium {version('pkg-config', '--modversion', 'libsodium')}.", "",
             "| what | ours | held against | reference | ratio | target | spread |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for r in rows:
        void = " VOID" if r["wrong"] else ""
        lines.append(f"| {r['name']} | {r['ours']:,.1f} {r['unit']}{void} | {r['against']} | {r['reference']:,.1f} | {r['ratio']:.2f} | {r['target']} | {r['spread']:.0f} % |")
    notes = [f"- {r['name']}: {r['note']}" for r in rows if r["note"]]
    (ROOT / "bench/RESULTS.md").write_text("\n".join(lines + [""] + notes) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", choices=[*BENCHES, []], default=[])
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="write bench/RESULTS.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 2
    try:
        rows = [r for name in (options.rows or BENCHES) for r in BENCHES[name](options)]
    finally:
        for process in list(running):
            end(process)
        shutil.rmtree(WORK, ignore_errors=True)
    if options.write:
        write_results(rows, options)
    return 1 if any(r["wrong"] for r in rows) else 0


sys.exit(main())
