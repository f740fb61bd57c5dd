#!/bin/sh
# What the guest does once it is up. A mark is a write behind the end of the file system: it stands in the log of all writes
# at the very place where it was made. A line that begins with LAB is for the test: on the console, or, in a container, which
# has none, in a file.
if grep -q lab.errand /proc/cmdline; then
  words=$(cat /proc/cmdline)
  exec >/dev/console 2>&1
else
  words=$(tr '\0' ' ' </proc/1/cmdline)
  exec >/var/log/lab-guest 2>&1
fi

say() { printf '\nLAB %s\n' "$*"; }
mark() {
  printf '%-4095s\n' "LAB-MARK $*" |
    dd of=/dev/vda bs=4096 count=1 seek=@MARKS@ iflag=fullblock oflag=direct conv=notrunc status=none
  say "mark=$*"
}

# $* is what patchctl is asked for.
changed_by() {
  mark begins
  patchctl "$@"
  mark "done $?"
  sync
  mark synced
}

# Nobody but the boot has touched the runs by now: what their journals say is how the boot ended them.
judge() {
  for run in /var/lib/patchctl/runs/*; do
    say "ended-${run##*/}=$(sed -n 's/.*"phase":"\([a-z]*\)".*/\1/p' "$run/journal" | tail -n 1)"
  done
  patchctl recover >/run/second
  say "second=$?"
  sed 's/^/LAB said=/' /run/second
  dpkg --audit | sed 's/^/LAB audit=/'
  patchctl history verify
  say "verify=$?"
  journalctl --unit 'patchctl-recover*' --output cat --no-pager
  sync
  say judged=yes
}

for word in $words; do
  case $word in
    lab.errand=apply) changed_by apply --yes --offline ;;
    lab.errand=rollback) changed_by rollback --yes ;;
    lab.errand=judge) judge ;;
    lab.errand=script) sh /usr/sbin/lab-script ;;
  esac
done
poweroff -ff
