#!/bin/sh
# gsasl as a client: it authenticates and sends no mail. Arguments and exit codes: see README.md.
host=$1 port=$2 mechanism=$4 user=$5 ca=$6

case $mechanism in
EXTERNAL) set -- --authorization-id="$user" --x509-cert-file="$INTEROP_CERT" \
    --x509-key-file="$INTEROP_KEY" ;;
ANONYMOUS) set -- --anonymous-token=interop@example.net ;;
# It would send an empty authorization identity that is there, which RFC 5802 has not.
SCRAM-*-PLUS) set -- --authentication-id="$user" --password="$INTEROP_SECRET" ;;
# Without --no-cb it gives up by itself when it has a channel binding and the mechanism none.
SCRAM-*) set -- --authentication-id="$user" --password="$INTEROP_SECRET" --no-cb ;;
DIGEST-MD5) set -- --authentication-id="$user" --password="$INTEROP_SECRET" \
    --quality-of-protection=qop-auth --authorization-id="$user" --realm=localhost ;;
*) set -- --authentication-id="$user" --authorization-id= --password="$INTEROP_SECRET" ;;
esac

# Without --starttls: with it gsasl says STARTTLS before EHLO. It asks for STARTTLS all the same when it is offered.
log=$(mktemp "$INTEROP_WORK/gsasl.XXXXXX")
trap 'rm -f "$log"' EXIT
gsasl --smtp --verbose --mechanism="$mechanism" --x509-ca-file="$ca" \
    --connect="$host:$port" "$@" </dev/null >"$log" 2>&1
code=$?
cat "$log"
if grep -q '^535' "$log"; then
    exit 1
fi
[ $code -eq 0 ] || exit 2
