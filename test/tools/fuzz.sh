#!/usr/bin/env bash
# Runs every fuzz target of the module for a while: fuzz.sh [TIME [PATTERN]]
# TIME is 10s unless it is said; PATTERN restricts the targets to those whose
# package or name it matches. Two targets run at a time, with one worker each.
#
# A target that runs too seldom finds nothing, so each must make 10,000 runs a
# minute: 167 a second. What makes it slow is mostly a seed of many kilobytes,
# which Go shortens again and again; minimising is therefore limited to ten
# runs, and long recordings belong into a plain test.
#
# In CI each target starts from its seeds alone. Go's cache of earlier finds
# grows from run to run, and to read it anew took all of a target's time.
#
# Go before 1.27 sometimes fails a target because its time is over: it prints
# "context deadline exceeded" and no failing input (go.dev/issue/75804). Such a
# target has run its time; one that found something always names the input.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-10s} only=${2:-.}
per_minute=${FUZZ_FLOOR:-10000} # CI asks for less: its machine may be busy

case $time in
*m) seconds=$((${time%m} * 60)) ;;
*s) seconds=${time%s} ;;
*) echo "fuzz.sh: TIME is a number of seconds or minutes: 30s, 2m" >&2 && exit 2 ;;
esac
floor=$((per_minute * seconds / 60))

# ended_in_time reports whether the only failure in a log is that the time was
# over: ended_in_time LOG
ended_in_time() {
  ! grep -qE 'Failing input|panic|fatal error|DATA RACE|_test\.go:|hung or terminated' "$1" &&
    [ "$(grep -A1 -E '^ *--- FAIL' "$1" | grep -vE '^ *--- FAIL' | tr -d ' ')" = contextdeadlineexceeded ]
}

# fuzz runs one target: fuzz DIRECTORY TARGET
fuzz() {
  local log runs status=0 scratch own=()
  scratch=$(mktemp -d) log=$scratch/log
  if [ "${CI:-}" = true ]; then own=(-args "-test.fuzzcachedir=$scratch/finds"); fi
  go -C "$1" test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel 1 . "${own[@]}" >"$log" 2>&1 || status=$?
  if [ $status -ne 0 ] && ended_in_time "$log"; then status=0; fi
  runs=$(grep -o 'execs: [0-9]*' "$log" | tail -1 | grep -o '[0-9]*$' || echo 0)
  if [ $status -ne 0 ]; then
    cat "$log"
    echo "FAIL $1 $2"
  else
    printf '%-10s runs in %s: %s %s\n' "$runs" "$time" "$1" "$2"
    if [ "$runs" -lt "$floor" ]; then
      echo "FAIL $1 $2 made $runs runs in $time, want $floor or more: are its seeds long, or is what it does first slow?"
      status=1
    fi
  fi
  rm -rf "$scratch"
  return $status
}
export -f fuzz ended_in_time
export time floor

grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | sed -E 's|^(.*)/[^/]*:func |\1 |' | grep -E "$only" |
  xargs -P 2 -L 1 bash -c 'fuzz "$0" "$1"'
