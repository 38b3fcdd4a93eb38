# device.sh: what the scripts of one boot begin with. It stands in for the initrd,
# for systemd and its mount units; all that is ours is the real thing.
set -eu

mount -t proc proc /proc
for dir in /tmp /var/log /var/tmp; do mount -t tmpfs tmpfs "$dir"; done

# note STEP: puts a note into the record of the writes.
note() { [ ! -b "${DISK:-}" ] || printf '%-512s' "{\"Step\":\"$1\"}" | dd of="$DISK" bs=512 seek=1024 oflag=direct conv=notrunc status=none; }

# options UNIT: how it mounts.
options() { sed -n 's/^Options=//p' "/usr/lib/systemd/system/mnt-$1.mount"; }

part=/dev/disk/by-partlabel/resin

# early: a boot until all is bound. A partition that cannot be mounted stops nothing.
early() {
  mkdir -p /run/initramfs
  rootmnt=/. sh /run/rig/machine-id 2>/dev/null
  if [ ! -s /etc/machine-id ]; then
    tr -d - </proc/sys/kernel/random/uuid >/run/machine-id
    mount --bind /run/machine-id /etc/machine-id
  fi
  for name in state data; do
    e2fsck -y "$part-$name" >/dev/null 2>&1 || : # systemd-fsck with fsck.repair=yes
    mount -t ext4 -o "$(options $name)" "$part-$name" /mnt/$name 2>/dev/null || :
  done
  mountpoint -q /mnt/boot || mount -t vfat -o "$(options boot)" "$part-boot" /mnt/boot
  /usr/libexec/resinos/config-recover
  /usr/libexec/resinos/state-binder early
}

# tree: everything on both partitions, in a way that can be compared. The machine
# id is told beside it, what waits to be deleted only by number. What state-binder's
# daemon keeps for itself may come later or be there.
tree() {
  cd /mnt
  hidden() { find state data -xdev \( -name .trash -o -name lost+found -o -path '*/resinos/state-binder' \) -prune -o "$@"; }
  hidden -printf '%p %y %m %U:%G %l\n' | LC_ALL=C sort
  hidden -type f ! -path '*/etc/machine-id' ! -name .reserve -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
  awk '$4 ~ /root-overlay/ {print "bound", $5, $4}' /proc/self/mountinfo | LC_ALL=C sort
  (cd boot && ls -A && sha256sum config.json) | sed 's/^/boot /'
  cd /
}

# facts: the rest of what a boot is judged by.
facts() {
  echo "id $(cat /etc/machine-id) $(cat /mnt/state/root-overlay/etc/machine-id)"
  echo "trash $(find /mnt/state/.trash /mnt/data/.trash -mindepth 1 2>/dev/null | wc -l)"
  echo "report $(cat /run/state-binder/report.json)"
}

# wait_for COMMAND WANT: runs it until it prints WANT; a minute and a half at most.
wait_for() {
  tries=0
  until [ "$(eval "$1" 2>&1)" = "$2" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "$1 says $(eval "$1" 2>&1), not $2" >&2; exit 1; }
    sleep 0.3
  done
}

# start_bus, start_daemon NAME: what systemd starts later; what they say is in /run/NAME.log.
start_bus() {
  mkdir -p /run/dbus
  dbus-daemon --system --fork --nopidfile >/run/bus.log 2>&1
}
start_daemon() {
  mkdir -p "/var/lib/resinos/$1"
  "/usr/libexec/resinos/$1" >"/run/$1.log" 2>&1 &
}
property() { busctl get-property "io.resinos.$1" "/io/resinos/$1" "io.resinos.$2" "$3"; }

# use: leaves traces in each kind of place, and the device's identity.
use() {
  identity
  mkdir -p /var/lib/systemd/mine/deep
  for n in 1 2 3 4 5 6 7 8 9; do echo "$n" >"/var/lib/systemd/mine/deep/$n"; done
  head -c 300000 /dev/zero >/var/lib/docker/large
  echo mine >/etc/openvpn/mine.conf
  echo mine >/var/log/journal/mine
  chown 4321 /etc/openvpn/mine.conf
  sync
}
identity() {
  mkdir -p /var/lib/resinos/hostnamed-bridge
  echo 0123456789abcdef0123456789abcdef >/var/lib/resinos/hostnamed-bridge/uuid
}

# sweep: state-binder as a daemon deletes what was purged.
sweep() {
  start_bus
  start_daemon state-binder
  wait_for 'property State1 State1 PurgeProgress' 'u 100'
}

# start_journal: journald and logctl as they run on a device; journald makes the
# sockets itself that systemd hands it there.
start_journal() {
  mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal
  start_bus
  /usr/lib/systemd/systemd-journald >/run/journald.log 2>&1 &
  wait_for 'test -S /run/systemd/journal/stdout && test -S /run/systemd/journal/io.systemd.journal && echo there' there
  # systemd-journal-flush.service
  [ ! -e /var/log/journal/persistent ] || journalctl --flush
  start_daemon logctl
  wait_for 'property Log1 Service1 State' 's "ready"'
}

# count FROM TO: logs the numbers.
count() { seq "$1" "$2" | systemd-cat -t counter; }

# counted: the numbers that are on disk.
counted() { journalctl --no-pager -q -o cat -t counter -D /var/log/journal 2>/dev/null | paste -sd' '; }

log1() { busctl call io.resinos.Log1 /io/resinos/Log1 io.resinos.Log1 "$@"; }
