#!/bin/sh
# Prints a JSON Web Token for a user, signed with HMAC-SHA-256. Arguments: the key, the user, and the time
# in seconds since 1970 when it was made.
encode() {
    openssl base64 -A | tr '+/' '-_' | tr -d '='
}
head=$(printf '{"alg":"HS256","typ":"JWT"}' | encode)
# As long as those of the large providers: no response of this length fits the AUTH command.
padding=$(printf "%01400d" 0)
claims=$(printf '{"sub":"%s","email":"%s","iat":%s,"nbf":%s,"exp":%s,"padding":"%s"}' "$2" "$2" "$3" "$3" $(($3 + 86400)) "$padding" | encode)
printf '%s.%s.' "$head" "$claims"
printf '%s.%s' "$head" "$claims" | openssl dgst -sha256 -hmac "$1" -binary | encode
