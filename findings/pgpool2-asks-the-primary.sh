#!/usr/bin/env bash
# pgpool2 (4.3) in streaming replication mode with load_balance_mode = on: a client that asks "does a standby
# answer me?" is told no, and then a standby answers it. pg_is_in_recovery() is volatile, and pgpool2 sends
# SELECTs with volatile functions to the primary; plain SELECTs of the same session go to the standby. The
# question inside of a statement moves that statement, so it cannot be asked about the next one.
#
# Seen with pgpool2 4.3.5-1+deb12u1 and postgresql-15 15.18-0+deb12u1, a standby that is behind, one session:
#   SELECT pg_is_in_recovery()                   f
#   SELECT count(*) FROM entries                 1      (the primary has 2)
#   SELECT count(*), pg_is_in_recovery() FROM …  2|f
#   /*NO LOAD BALANCE*/ SELECT count(*) FROM …   2
# Exits with 1 if that changes.
set -euo pipefail
pgpool=4.3.5-1+deb12u1 postgresql=15.18-0+deb12u1
folder=$(mktemp -d)
started=()
stop() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$folder"
}
trap stop EXIT
chmod 755 "$folder"
cd "$folder"
apt-get download -q=2 "pgpool2=$pgpool" "postgresql-15=$postgresql" "postgresql-client-15=$postgresql" \
  libpgpool2 libpq5 libmemcached11 libhashkit2 libllvm14
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu LC_ALL=C.UTF-8
bin=$folder/root/usr/lib/postgresql/15/bin
mkdir run
as=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chown 65534:65534 run
fi
say() { "$bin/psql" -X -q -A -t -U owner -d postgres "$@"; }
wait_for() {
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  { echo "not within 20 s: $*"; tail -5 run.log; } >&2
  exit 2
}

"${as[@]}" "$bin/initdb" -D run/primary -U owner -A trust -E UTF8 --no-sync >run.log 2>&1
"${as[@]}" "$bin/postgres" -D run/primary -p 5541 -c listen_addresses= -c unix_socket_directories="$folder/run" >>run.log 2>&1 &
started+=($!)
wait_for say -h "$folder/run" -p 5541 -c "SELECT 1"
say -h "$folder/run" -p 5541 -c "CREATE TABLE entries (x int)" -c "INSERT INTO entries VALUES (1)"
"${as[@]}" "$bin/pg_basebackup" -D run/standby -h "$folder/run" -p 5541 -U owner -R -c fast --no-sync
"${as[@]}" "$bin/postgres" -D run/standby -p 5542 -c listen_addresses= -c unix_socket_directories="$folder/run" \
  -c recovery_min_apply_delay=1h >>run.log 2>&1 &
started+=($!)
wait_for say -h "$folder/run" -p 5542 -c "SELECT 1"
say -h "$folder/run" -p 5541 -c "INSERT INTO entries VALUES (2)"
cat >run/pgpool.conf <<CONF
backend_clustering_mode = 'streaming_replication'
listen_addresses = ''
port = 5543
pcp_port = 5544
socket_dir = '$folder/run'
pcp_socket_dir = '$folder/run'
pid_file_name = '$folder/run/pgpool.pid'
logdir = '$folder/run'
backend_hostname0 = '$folder/run'
backend_port0 = 5541
backend_weight0 = 0
backend_hostname1 = '$folder/run'
backend_port1 = 5542
backend_weight1 = 1
num_init_children = 4
load_balance_mode = on
sr_check_user = 'owner'
CONF
"${as[@]}" root/usr/sbin/pgpool -n -f run/pgpool.conf >>run.log 2>&1 &
started+=($!)
wait_for say -h "$folder/run" -p 5543 -c "SELECT 1"

said=$(say -h "$folder/run" -p 5543 -c "SELECT pg_is_in_recovery()" -c "SELECT count(*) FROM entries" \
  -c "SELECT count(*), pg_is_in_recovery() FROM entries" -c "/*NO LOAD BALANCE*/ SELECT count(*) FROM entries")
printf 'pgpool2 %s, postgresql-15 %s\n%s\n' "$pgpool" "$postgresql" "$said"
[ "$said" = $'f\n1\n2|f\n2' ] || { echo "the behaviour has changed" >&2; exit 1; }
