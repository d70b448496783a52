#!/bin/sh
# Instructions a command, line or octet, for each case of the bench `count` whose name matches the
# pattern: ./count.sh [PATTERN] [ITERATIONS]. Needs valgrind.
set -eu
pattern=${1:-.}
program=$(cargo bench --quiet --package ehlo-benches --bench count --no-run --message-format json |
    sed -n 's/.*"name":"count".*"executable":"\([^"]*\)".*/\1/p')

# Instructions of a run.
run() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}

"$program" | grep -e "$pattern" | while IFS="$(printf '\t')" read -r name units; do
    case $name in
    body/* | client/stuffing/*) few=1 more=3 ;;
    *) few=100 more=$((100 + ${2:-1000})) ;;
    esac
    awk -v name="$name" -v a="$(run "$name" $few)" -v b="$(run "$name" $more)" \
        -v n="$((more - few))" -v units="$units" \
        'BEGIN { printf "%-60s %10.2f\n", name, (b - a) / n / units }'
done
