#!/usr/bin/env bash
# Puts programs of Debian's into a folder, without root:
# install-debian.sh NAME VERSION DIR PROGRAM...
#
# Programs of the same minor release that are installed on the machine are linked.
# Otherwise the packages that NAME-VERSION.txt lists are unpacked, each only if its
# file has the hash that stands there.
set -euo pipefail
name=$1 version=$2 dir=$3
shift 3
programs=("$@")
list=$(realpath "$(dirname "$0")/$name-$version.txt")
new=$dir.new
rm -rf "$new" && mkdir -p "$new/bin" "$new/packages"

# runs says that all programs start and are of the wanted minor release.
runs() {
  local program
  for program in "${programs[@]}"; do
    command -v "$1$program" >/dev/null || return 1
    "$1$program" --version 2>/dev/null | grep "[ =]${version%.*}\." >/dev/null || return 1
  done
}

if runs ""; then
  for program in "${programs[@]}"; do
    ln -s "$(command -v "$program")" "$new/bin/$program"
  done
else
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
    echo "$name ${version%.*} is not installed, and this is no Debian: install ${programs[*]} of that release, then run make $name again." >&2
    exit 1
  }
  while read -r package want sum; do
    case $package in '#'* | '') continue ;; esac
    (cd "$new/packages" && apt-get download -qq -o APT::Sandbox::User=root "$package=$want" >/dev/null) || {
      echo "$package $want cannot be downloaded. Run apt-get update; if Debian has a newer one, review it and change $list." >&2
      exit 1
    }
    file=$(ls "$new/packages/${package}_"*.deb)
    echo "$sum  $file" | sha256sum --check --quiet || {
      echo "$package $want is another file than the reviewed one; see $list." >&2
      exit 1
    }
    dpkg-deb -x "$file" "$new/root"
  done <"$list"
  for program in "${programs[@]}"; do
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
    echo "what was unpacked of $name does not start:" >&2
    "$new/bin/${programs[0]}" --version >&2
    exit 1
  }
fi
rm -rf "$dir" && mv "$new" "$dir"
