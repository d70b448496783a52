#!/bin/sh
# Ends a process group when whoever has started this script lets go of its standard input: also when that
# was killed, and could end nothing itself. Argument: the group.
read -r _
kill -TERM "-$1" || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    sleep 0.1
    kill -0 "-$1" || exit 0
done
kill -KILL "-$1"
