#!/bin/sh
# swaks as a client. Arguments and exit codes: see README.md.
host=$1 port=$2 tls=$3 mechanism=$4 user=$5 ca=$6 from=$7 to=$8 file=$9

case $tls in
implicit) set -- --tls-on-connect ;;
*) set -- --tls ;;
esac
if [ -n "$INTEROP_CERT" ]; then
    set -- "$@" --tls-cert "$INTEROP_CERT" --tls-key "$INTEROP_KEY"
fi

swaks --server "$host" --port "$port" --ehlo client.example.org --timeout 15 "$@" \
    --tls-verify --tls-ca-path "$ca" --auth "$mechanism" --auth-user "$user" \
    --auth-password "$INTEROP_SECRET" --from "$from" --to "$to" --data "@$file"
case $? in
0) exit 0 ;;
28) exit 1 ;;
*) exit 2 ;;
esac
