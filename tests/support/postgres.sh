#!/usr/bin/env bash
# Runs a PostgreSQL for one test, on a Unix socket in DIR (and on loopback, if an option asks for it).
#   postgres.sh start DIR [OPTION...]   creates the database on the first start; prints its URL.
#                                       The OPTIONs go to the server, such as -c fsync=off
#   postgres.sh standby DIR PRIMARY [OPTION...]
#                                       the same for a standby that follows the database in the directory PRIMARY
#   postgres.sh stop DIR [fast|immediate]
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
script=$(readlink -f "$0") command=$1 directory=$2
shift 2
# PostgreSQL refuses to run as root.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups env LC_ALL=C.UTF-8 "$@"; else LC_ALL=C.UTF-8 "$@"; fi; }
case $command in
  standby)
    primary=$1
    shift
    mkdir -p "$directory"
    if [ "$(id -u)" = 0 ]; then chown postgres "$directory"; fi
    cd "$directory"
    as "$bin/pg_basebackup" -D "$directory/data" -d "host=$primary user=postgres" -R -c fast --no-sync
    exec "$script" start "$directory" "$@"
    ;;
  start)
    mkdir -p "$directory"
    if [ "$(id -u)" = 0 ]; then chown postgres "$directory"; fi
    cd "$directory"
    [ -e data/PG_VERSION ] || as "$bin/initdb" -D "$directory/data" -U postgres -A trust -E UTF8 --no-sync >"$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; exit 1; }
    as "$bin/pg_ctl" -D "$directory/data" -w -l "$directory/server.log" -o "-c listen_addresses='' -c unix_socket_directories='$directory' -c max_connections=200 $*" start >"$directory/start.log" 2>&1 ||
      { cat "$directory/start.log" "$directory/server.log" >&2; exit 1; }
    echo "postgres:///postgres?host=$directory&user=postgres"
    ;;
  stop) cd /; as "$bin/pg_ctl" -D "$directory/data" -w -m "${1:-fast}" stop >/dev/null ;;
esac
