#!/bin/sh
# host.sh TOP ROOT RIG BOOT STATE DATA SCRIPT: runs SCRIPT as process 1 of a device on this
# machine's kernel. Takes namespaces of its own for mounts, processes, network and names;
# TOP, an empty directory; ROOT, the image's root; RIG, the test's files; BOOT, the files
# of the boot partition; STATE and DATA, block devices. Promises: nothing is left when it ends.
set -eu
top=$1 root=$2 rig=$3 boot=$4 state=$5 data=$6 script=$7

mount --make-rprivate /
mount --bind "$root" "$top"
mount -o remount,bind,ro "$top"
mount -t tmpfs -o mode=755 tmpfs "$top/run"
cp -R "$rig" "$top/run/rig"
mount -t tmpfs -o mode=755 tmpfs "$top/dev"
for node in null zero full random urandom; do cp -a "/dev/$node" "$top/dev/"; done
mkdir -p "$top/dev/disk/by-partlabel"
cp -a "$state" "$top/dev/disk/by-partlabel/resin-state"
cp -a "$data" "$top/dev/disk/by-partlabel/resin-data"
: >"$top/dev/disk/by-partlabel/resin-boot" # nobody has to wait for it
mount -t sysfs -o ro sysfs "$top/sys"
mount -t cgroup2 -o ro cgroup2 "$top/sys/fs/cgroup"
mount --bind "$boot" "$top/mnt/boot"
exec env -i PATH=/usr/sbin:/usr/bin GOGC=25 GOMAXPROCS=1 chroot "$top" /bin/sh -c "$script"
