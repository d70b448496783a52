#!/bin/sh
# curl as a client. Arguments and exit codes: see README.md.
host=$1 port=$2 tls=$3 mechanism=$4 user=$5 ca=$6 from=$7 to=$8
shift 8

scheme=smtp
[ "$tls" = implicit ] && scheme=smtps
password=$INTEROP_SECRET
token=
case $mechanism in
XOAUTH2 | OAUTHBEARER)
    token=$password
    password=
    ;;
EXTERNAL) password= ;; # curl has EXTERNAL only where there is no password
esac

# The same options for every message; curl keeps the connection across --next.
config=$(mktemp "$INTEROP_WORK/curl.XXXXXX")
trap 'rm -f "$config"' EXIT
separator=
sasl_ir=
[ "$INTEROP_CLIENT" = curl-sasl-ir ] && sasl_ir=1
for file in "$@"; do
    [ -n "$separator" ] && echo next
    separator=1
    cat <<END
url = "$scheme://$host:$port/client.example.org"
verbose
silent
show-error
max-time = 15
ssl-reqd
cacert = "$ca"
user = "$user:$password"
login-options = "AUTH=$mechanism"
mail-from = "<$from>"
upload-file = "$file"
END
    echo "$to" | tr , '\n' | sed 's/.*/mail-rcpt = "<&>"/'
    [ -n "$sasl_ir" ] && echo sasl-ir
    [ -n "$token" ] && echo "oauth2-bearer = \"$token\""
    [ -n "$INTEROP_CERT" ] && printf 'cert = "%s"\nkey = "%s"\n' "$INTEROP_CERT" "$INTEROP_KEY"
done >"$config"

# -q: no configuration of the person who runs it.
curl -q --config "$config"
case $? in
0) exit 0 ;;
67) exit 1 ;;
*) exit 2 ;;
esac
