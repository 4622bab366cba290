#!/usr/bin/env bash
# Puts a browser into a folder as bin/chromium, without root:
# install-chromium.sh DIR
#
# A Chromium or Chrome that is installed on the machine is linked. Otherwise
# Debian's package is unpacked, together with the libraries that the machine lacks
# and two fonts, so that pictures look alike everywhere. Which files these are is
# not written down here: Debian replaces its Chromium every week and removes the
# one before. apt checks each file against Debian's signed lists.
set -euo pipefail
dir=$1
new=$dir.new
rm -rf "$new" && mkdir -p "$new/bin" "$new/packages"

for program in chromium chromium-browser google-chrome-stable google-chrome; do
  if path=$(command -v $program) && "$path" --version >/dev/null 2>&1; then
    ln -s "$path" "$new/bin/chromium"
    rm -r "$new/packages" && rm -rf "$dir" && mv "$new" "$dir"
    exit 0
  fi
done

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
  echo "No Chromium is installed, and this is no Debian: install chromium, then run make browser again." >&2
  exit 1
}
# What apt would install here, and nothing of it installed.
wanted=$(apt-get install --simulate --no-install-recommends chromium-headless-shell fonts-inter fonts-dejavu-core 2>/dev/null |
  awk '$1 == "Inst" {gsub(/[()]/, ""); print $2 "=" ($3 ~ /^\[/ ? $4 : $3)}')
test -n "$wanted" || {
  echo "apt knows no chromium-headless-shell. Run apt-get update, then make browser again." >&2
  exit 1
}
for package in $wanted; do
  (cd "$new/packages" && apt-get download -qq -o APT::Sandbox::User=root "$package" >/dev/null) || {
    echo "$package cannot be downloaded. Run apt-get update, then make browser again." >&2
    exit 1
  }
done
for file in "$new"/packages/*.deb; do dpkg-deb -x "$file" "$new/root"; done
rm -r "$new/packages"
rm -rf "$new/root/usr/share/doc" "$new/root/usr/share/locale"

cat >"$new/fonts.conf" <<'FONTS'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">root/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="relative">cache</cachedir>
  <alias binding="same"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
FONTS
cat >"$new/bin/chromium" <<'WRAPPER'
#!/bin/sh
# Debian's program, with the libraries and fonts that were unpacked beside it.
dir=$(dirname "$(dirname "$(readlink -f "$0")")")
libraries=$(echo "$dir"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH="$libraries:$libraries/pulseaudio"
export FONTCONFIG_FILE="$dir/fonts.conf"
exec "$dir/root/usr/lib/chromium/chromium-headless-shell" "$@"
WRAPPER
chmod +x "$new/bin/chromium"
"$new/bin/chromium" --version >/dev/null || {
  echo "the unpacked Chromium does not start" >&2
  exit 1
}
rm -rf "$dir" && mv "$new" "$dir"
