# shellcheck shell=bash
# Sourced by the build and its steps. Gives: die, say, table, the release's
# values. Promises: nothing is changed by sourcing it.
set -euo pipefail

IMAGE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO_DIR=$(dirname "$IMAGE_DIR")
: "${BUILD_DIR:=$REPO_DIR/build}"
CACHE_DIR=$BUILD_DIR/cache
# First partition's place on the disk.
FIRST_MIB=1
# What makes the bytes the same everywhere: no locale, no time zone, no umask of the caller.
export LC_ALL=C.UTF-8 TZ=UTC PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH
umask 022

# shellcheck source=release.conf
. "$IMAGE_DIR/release.conf"
# shellcheck source=device.conf
. "$IMAGE_DIR/device.conf"
export IMAGE_DIR REPO_DIR BUILD_DIR CACHE_DIR FIRST_MIB VERSION DEVICE_TYPE SUITE SOURCE_DATE_EPOCH

die() { echo "image: $*" >&2; exit 1; }
say() { printf 'image: [%3ds] %s\n' "$SECONDS" "$*" >&2; }

# table prints the partitions: num label size type fs partuuid fsuuid.
table() { grep -v '^#' "$IMAGE_DIR/disk.table"; }

# field LABEL N prints column N of the partition with LABEL.
field() { table | awk -v l="$1" -v n="$2" '$2 == l { print $n }'; }

# start LABEL prints where the partition with LABEL begins, in MiB.
start() {
  table | awk -v l="$1" -v at="$FIRST_MIB" '$2 == l { print at; exit } { at += $3 }'
}
