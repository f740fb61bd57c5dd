#!/bin/busybox sh
# The first process of the guest: loads what its disk needs, mounts the root and becomes systemd.
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
while read -r module; do busybox insmod "/modules/$module"; done </modules/order
for word in $(busybox cat /proc/cmdline); do
  case $word in lab.file_system=*) type=${word#*=} ;; esac
done
if ! busybox mount -t "$type" -o rw /dev/vda /root; then
  echo "LAB mount=failed"
  busybox poweroff -f
fi
busybox umount /proc
busybox mount --move /dev /root/dev
exec busybox switch_root /root /sbin/init
