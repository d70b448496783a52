#!/bin/sh
# msmtp as a client. Arguments and exit codes: see README.md.
host=$1 port=$2 tls=$3 mechanism=$4 user=$5 ca=$6 from=$7 to=$8 file=$9

starttls=on
[ "$tls" = implicit ] && starttls=off
config=$(mktemp "$INTEROP_WORK/msmtp.XXXXXX")
trap 'rm -f "$config"' EXIT
{
    cat <<END
defaults
account interop
host $host
port $port
timeout 15
domain client.example.org
tls on
tls_starttls $starttls
tls_trust_file $ca
auth $(echo "$mechanism" | tr '[:upper:]' '[:lower:]')
user $user
passwordeval printf '%s\\n' "\$INTEROP_SECRET"
from $from
set_from_header off
set_date_header off
set_msgid_header off
account default : interop
END
    if [ -n "$INTEROP_CERT" ]; then
        printf 'tls_cert_file %s\ntls_key_file %s\n' "$INTEROP_CERT" "$INTEROP_KEY"
    fi
} >"$config"

# The recipients are words of their own.
# shellcheck disable=SC2046
msmtp --debug --file="$config" -- $(echo "$to" | tr , ' ') <"$file"
case $? in
0) exit 0 ;;
77) exit 1 ;;
*) exit 2 ;;
esac
