#!/usr/bin/env bash
# Proves that the linter refuses imports against the layers: check-layering.sh LINTER
set -euo pipefail
linter=$(realpath "${1:?name the golangci-lint binary}")
# -count=1: go test does not notice changes outside its module.
GOLANGCI_LINT=$linter exec go -C "$(dirname "$0")" test -count=1 ./layering
