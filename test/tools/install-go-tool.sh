#!/usr/bin/env bash
# Installs a Go program into a folder and proves that it was built from the
# modules it was reviewed with: install-go-tool.sh PACKAGE VERSION SUM DIR
#
# SUM is the SHA-256 of the names, versions and hashes of all modules in the
# binary, as `go version -m` lists them. It changes with any of them.
set -euo pipefail
package=$1 version=$2 want=$3 dir=$4
new=$dir.new
rm -rf "$new" && mkdir -p "$new"
GOBIN=$new GOFLAGS= go install "$package@$version"
name=$(ls "$new")
got=$(go version -m "$new/$name" | awk '$1 == "mod" || $1 == "dep" || $1 == "=>" {print $2, $3, $4}' | sha256sum | cut -d' ' -f1)
if [ "$got" != "$want" ]; then
  echo "$package@$version was built from other modules than the reviewed ones: their sum is $got, not $want." >&2
  echo "If the change is wanted, review it (go version -m $new/$name) and set the sum in test/tools/versions.mk." >&2
  exit 1
fi
mkdir -p "$dir" && mv "$new/$name" "$dir/$name" && rmdir "$new"
