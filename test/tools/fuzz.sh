#!/usr/bin/env bash
# Runs every fuzz target of the module for a while: fuzz.sh [TIME [PATTERN]]
# TIME is 10s unless it is said; PATTERN restricts the targets to those whose
# package or name it matches.
#
# A target that runs too seldom finds nothing, so each must make 10,000 runs a
# minute: 167 a second. What makes it slow is mostly a seed of many kilobytes,
# which Go shortens again and again; minimising is therefore limited to ten
# runs, and long recordings belong into a plain test.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-10s} only=${2:-.}
per_minute=10000

case $time in
*m) seconds=$((${time%m} * 60)) ;;
*s) seconds=${time%s} ;;
*) echo "fuzz.sh: TIME is a number of seconds or minutes: 30s, 2m" >&2 && exit 2 ;;
esac
floor=$((per_minute * seconds / 60))

status=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
targets=$(grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | sed -E 's|^(.*)/[^/]*:func |\1 |' | grep -E "$only")
while read -r dir target; do
  if ! go -C "$dir" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x . >"$log" 2>&1; then
    cat "$log"
    echo "FAIL $dir $target"
    status=1
    continue
  fi
  runs=$(grep -o 'execs: [0-9]*' "$log" | tail -1 | grep -o '[0-9]*$' || echo 0)
  printf '%-10s runs in %s: %s %s\n' "$runs" "$time" "$dir" "$target"
  if [ "$runs" -lt "$floor" ]; then
    echo "FAIL $dir $target made $runs runs in $time, want $floor or more: are its seeds long, or is what it does first slow?"
    status=1
  fi
done <<<"$targets"
exit $status
