#!/bin/sh
# What the guest does once it is up. A mark is a write behind the end of the file system: it stands in the log of all writes
# at the very place where it was made. A line that begins with LAB is for the test on the other side of the console.
exec >/dev/console 2>&1

say() { printf '\nLAB %s\n' "$*"; }
mark() {
  printf '%-4095s\n' "LAB-MARK $*" |
    dd of=/dev/vda bs=4096 count=1 seek=@MARKS@ iflag=fullblock oflag=direct conv=notrunc status=none
  say "mark=$*"
}

apply() {
  mark begins
  patchctl apply --yes
  mark "applied $?"
  sync
  mark synced
}

# By now the boot unit has ended, if the boot started it.
judge() {
  systemctl show --property ActiveState,Result,ExecMainStatus,ConditionResult patchctl-recover.service |
    sed 's/^/LAB /'
  patchctl recover >/run/second
  say "second=$?"
  sed 's/^/LAB said=/' /run/second
  dpkg --audit | sed 's/^/LAB audit=/'
  patchctl history verify
  say "verify=$?"
  journalctl --unit patchctl-recover.service --output cat --no-pager
  sync
  say judged=yes
}

for word in $(cat /proc/cmdline); do
  case $word in
    lab.errand=apply) apply ;;
    lab.errand=judge) judge ;;
  esac
done
poweroff -ff
