#!/bin/sh
# Builds the heald of a commit, for `make bench BASE=commit`: in a worktree
# beside the binary, which is removed afterwards.
#
#	build-commit.sh COMMIT BINARY
set -eu
commit=$1
mkdir -p "$(dirname "$2")"
binary=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
tree=$binary-tree-$$
if ! git rev-parse --quiet --verify "$commit^{commit}" >/dev/null; then
	echo "BASE=$commit is no commit of this repository" >&2
	exit 1
fi
trap 'git worktree remove --force "$tree" 2>/dev/null || true' EXIT
trap 'exit 1' HUP INT TERM
git worktree add --quiet --detach "$tree" "$commit"
version=$(git -C "$tree" describe --tags --always)
cd "$tree"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$binary" ./cmd/heald
cd - >/dev/null
