#!/bin/sh
# What Qt needs of a Debian-like system that a wheel cannot bring; the tests need a virtual screen as well.
# Installs what is missing where it can (root and apt), otherwise says the one line to type.
# usage: system-libraries.sh [window] [tests]
set -eu
command -v dpkg-query >/dev/null 2>&1 || exit 0  # not a Debian: the desktop has these libraries

wanted=""
for purpose in "$@"; do
    case "$purpose" in
        window) wanted="$wanted libdbus-1-3 libegl1 libfontconfig1 libgl1 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0" ;;
        tests) wanted="$wanted xvfb xdotool" ;;
    esac
done

missing=""
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
else
    echo "Some system libraries are missing. Type:  sudo apt-get install$missing" >&2
    exit 1
fi
