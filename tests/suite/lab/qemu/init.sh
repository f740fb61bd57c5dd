#!/bin/busybox sh
# The first process of the guest: loads what its disks need, mounts the root and becomes systemd.
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
for word in $(busybox cat /proc/cmdline); do
  case $word in
    lab.file_system=*) type=${word#*=} ;;
    lab.modules=*) more=${word#*=} ;;
  esac
done
for set in disk "$type" "$more"; do
  [ -e "/modules/$set.order" ] || continue
  # Of two sets that need the same module one finds it loaded.
  while read -r module; do busybox insmod "/modules/$module" 2>/dev/null; done <"/modules/$set.order"
done
if ! busybox mount -t "$type" -o rw /dev/vda /root; then
  echo "LAB mount=failed"
  busybox poweroff -f
fi
busybox umount /proc
busybox mount --move /dev /root/dev
exec busybox switch_root /root /sbin/init
