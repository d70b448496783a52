#!/bin/sh
# Clients side by side against one server, three rounds: ./run.sh HOST:PORT [CONNECTIONS] [MESSAGES] [OCTETS].
# The server takes anything in clear and does nothing with it; Postfix's smtp-source joins in where it is there.
set -eu
address=$1 connections=${2:-10} messages=${3:-10000} octets=${4:-1024}
cd "$(dirname "$0")"
export CARGO_TARGET_DIR=../../target/clients
cargo build --quiet --release
program=$CARGO_TARGET_DIR/release/ehlo-bench-clients
PATH=$PATH:/usr/sbin

for round in 1 2 3; do
    for client in ehlo lettre mail-send; do
        "$program" "$client" "$address" "$connections" "$messages" "$octets" || echo "$client	failed"
    done
    if command -v smtp-source >/dev/null; then
        keep=-d
        [ "$connections" -gt 0 ] || keep=
        # shellcheck disable=SC2086
        { /usr/bin/time -f '%e %U %S' smtp-source $keep -s "$((connections > 0 ? connections : 1))" \
            -m "$messages" -l "$octets" -f a@example.org -t b@example.org "$address"; } 2>&1 |
            awk -v n="$messages" '{ printf "smtp-source\t%.0f messages/s\t%.1f us of CPU each\n", n / $1, ($2 + $3) * 1e6 / n }'
    fi
done
