#!/usr/bin/env bash
# Runs every fuzz target of the module for a while: fuzz.sh [TIME]
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-10s}
grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go | sed 's/^func //' | while read -r target; do
    echo "== $dir $target"
    go -C "$dir" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" .
  done
done
