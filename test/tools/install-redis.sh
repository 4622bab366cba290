#!/usr/bin/env bash
# Puts redis-server, redis-sentinel and redis-cli into a folder, without root:
# install-redis.sh VERSION DIR
#
# Programs of the same minor release that are installed on the machine are linked.
# Otherwise Debian's packages are unpacked, each only if its file has the hash in
# redis-VERSION.txt.
set -euo pipefail
version=$1 dir=$2
list=$(realpath "$(dirname "$0")/redis-$version.txt")
new=$dir.new
rm -rf "$new" && mkdir -p "$new/bin" "$new/packages"

# runs says that all three programs start and are of the wanted minor release.
runs() {
  local program
  for program in redis-server redis-sentinel redis-cli; do
    command -v "$1$program" >/dev/null || return 1
    "$1$program" --version 2>/dev/null | grep -q "[ =]${version%.*}\." || return 1
  done
}

if runs ""; then
  for program in redis-server redis-sentinel redis-cli; do
    ln -s "$(command -v $program)" "$new/bin/$program"
  done
else
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
    echo "Redis ${version%.*} is not installed, and this is no Debian: install redis-server, redis-sentinel and redis-cli of that release, then run make redis again." >&2
    exit 1
  }
  while read -r name want sum; do
    case $name in '#'* | '') continue ;; esac
    (cd "$new/packages" && apt-get download -qq -o APT::Sandbox::User=root "$name=$want" >/dev/null) || {
      echo "$name $want cannot be downloaded. Run apt-get update; if Debian has a newer one, review it and change $list." >&2
      exit 1
    }
    file=$(ls "$new/packages/${name}_"*.deb)
    echo "$sum  $file" | sha256sum --check --quiet || {
      echo "$name $want is another file than the reviewed one; see $list." >&2
      exit 1
    }
    dpkg-deb -x "$file" "$new/root"
  done <"$list"
  for program in redis-server redis-sentinel redis-cli; do
    cat >"$new/bin/$program" <<'WRAPPER'
#!/bin/sh
# Debian's program, with the libraries that were unpacked beside it.
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu) exec "$root/usr/bin/$(basename "$0")" "$@"
WRAPPER
    chmod +x "$new/bin/$program"
  done
  rm -r "$new/packages"
  runs "$new/bin/" || {
    echo "the unpacked Redis does not start:" >&2
    "$new/bin/redis-server" --version >&2
    exit 1
  }
fi
rm -rf "$dir" && mv "$new" "$dir"
