# Runs in a guest whose kernel has a device mapper: makes a root on a thin volume, patches it there, and merges the snapshot
# of the run back. No udev runs: LVM makes its nodes itself.
say() { printf '\nLAB %s\n' "$*"; }
if ! dmsetup targets | grep -q '^thin-pool'; then
  say thin=absent
  exit
fi
mkdir -p /etc/lvm /mnt/thin
# A monitor of LVM would begin in the root and keep it from being unmounted.
echo 'activation { udev_sync=0 udev_rules=0 monitoring=0 } global { thin_check_executable="" }' >/etc/lvm/lvmlocal.conf
{
  pvcreate -q /dev/vdb && vgcreate -q lab /dev/vdb &&
    lvcreate -q --type thin-pool --size 1400M --name pool lab &&
    lvcreate -q --thin --virtualsize 1g --name root lab/pool && mkfs.ext4 -q /dev/mapper/lab-root
} </dev/null || say made=no

enter() {
  mount /dev/mapper/lab-root /mnt/thin
  for folder in dev proc sys; do mount --bind /$folder /mnt/thin/$folder; done
  mount -t tmpfs tmpfs /mnt/thin/run
}
leave() {
  umount /mnt/thin/run /mnt/thin/sys /mnt/thin/proc /mnt/thin/dev /mnt/thin
}
inside() { chroot /mnt/thin "$@" </dev/null; }
version() { inside dpkg-query -W -f '${Version}' lab-plain; }
volumes() { lvs --noheadings -o lv_name,lv_tags --separator : lab | tr -d ' ' | sort | tr '\n' ' '; }

mount /dev/mapper/lab-root /mnt/thin && cp -ax /. /mnt/thin/ && umount /mnt/thin
lvcreate -q --snapshot --name theirs lab/root </dev/null
enter
printf '[snapshot]\nprovider = "lvm"\n' >/mnt/thin/etc/patchctl/patchctl.toml
inside patchctl apply --yes --offline
say "applied=$? $(version)"
say "volumes=$(volumes)"
inside patchctl rollback --snapshot --preview 2>&1 | sed 's/^/LAB preview=/'
leave
lvconvert -q --yes --merge lab/root-patchctl-0001 </dev/null
lvchange -an lab/root </dev/null
lvchange -ay lab/root </dev/null
enter
say "merged=$(version)"
say "writable=$(inside sh -c 'touch /root/x && echo yes')"
say "volumes-after=$(volumes)"
inside dpkg --audit | sed 's/^/LAB audit=/'
leave
say thin=done
