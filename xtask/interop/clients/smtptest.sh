#!/bin/sh
# Cyrus' smtptest as a client: it authenticates and sends no mail. Arguments and exit codes: see README.md.
host=$1 port=$2 tls=$3 mechanism=$4 user=$5

work=$(mktemp -d "$INTEROP_WORK/smtptest.XXXXXX")
trap 'rm -rf "$work"' EXIT
certificate=
if [ -n "$INTEROP_CERT" ]; then
    certificate=$work/both.pem
    cat "$INTEROP_CERT" "$INTEROP_KEY" >"$certificate"
fi
case $tls in
implicit) set -- -s ;; # -t is for STARTTLS
*) set -- -t "$certificate" ;;
esac

# Unpacked below that folder, with the library it needs.
LD_LIBRARY_PATH=$(echo "$INTEROP_TOOLS"/cyrus-common/usr/lib/*-linux-*)
export LD_LIBRARY_PATH
"$INTEROP_TOOLS/cyrus-clients/usr/lib/cyrus/bin/smtptest" "$@" -p "$port" -m "$mechanism" \
    -u "$user" -a "$user" -w "$INTEROP_SECRET" "$host" </dev/null >"$work/log" 2>&1
cat "$work/log"
# Its exit code says nothing.
if grep -q '^S: 235' "$work/log"; then
    exit 0
fi
grep -q '^S: 535' "$work/log" && exit 1
exit 2
