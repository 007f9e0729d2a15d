#!/bin/sh
# Makes ./configure. Needs autoconf, automake, libtool and pkg-config.
#     ./autogen.sh [--if-needed]
# --if-needed: does nothing when what it made is newer than all that it is made from.
set -eu
cd "$(dirname "$0")"
stamp=build-aux/autogen.stamp

case ${1:-} in
'') ;;
--if-needed)
	if [ -f "$stamp" ] && [ -f configure ] && [ -f Makefile.in ] && [ -f config.h.in ] &&
	    [ -z "$(find . -name '.?*' -prune -o \( -path './build' -o -path './build-*' \) -prune -o \
		\( -name autogen.sh -o -name configure.ac -o -name Makefile.am -o -name '*.mk' \) \
		-newer "$stamp" -print)" ]; then
		exit 0
	fi
	;;
*)
	echo "usage: ./autogen.sh [--if-needed]" >&2
	exit 64
	;;
esac
for tool in autoreconf automake libtoolize pkg-config; do
	command -v "$tool" >/dev/null 2>&1 || {
		echo "autogen.sh: $tool is missing; on Debian: apt-get install autoconf automake libtool pkg-config" >&2
		exit 1
	}
done
rm -f "$stamp"
mkdir -p m4
autoreconf --install --warnings=all,no-obsolete
touch "$stamp"
