# Runs in a guest whose kernel has a device mapper: makes a root on a thin volume and then on a classic one, patches it there, and
# merges the snapshot of the run back. No udev runs: LVM makes its nodes itself.
say() { printf '\nLAB %s\n' "$*"; }
mkdir -p /etc/lvm /mnt/root
# A monitor of LVM would begin in the root and keep it from being unmounted.
echo 'activation { udev_sync=0 udev_rules=0 monitoring=0 } global { thin_check_executable="" }' >/etc/lvm/lvmlocal.conf

enter() {
  mount /dev/mapper/lab-root /mnt/root
  for folder in dev proc sys; do mount --bind /$folder /mnt/root/$folder; done
  mount -t tmpfs tmpfs /mnt/root/run
}
leave() {
  umount /mnt/root/run /mnt/root/sys /mnt/root/proc /mnt/root/dev /mnt/root
}
inside() { chroot /mnt/root "$@" </dev/null; }
version() { inside dpkg-query -W -f '${Version}' lab-plain; }
volumes() { lvs --noheadings -o lv_name,lv_tags --separator : lab | tr -d ' ' | sort | tr '\n' ' '; }
# What patchctl asks, as LVM answers it here.
answer() {
  lvs --reportformat json --units b --nosuffix -a \
    -o lv_uuid,vg_name,lv_name,lv_size,pool_lv,data_percent,metadata_percent,lv_tags,vg_free,origin lab | sed "s/^/LAB $1-json=/"
}

# More is written after a run than its classic snapshot has room for.
overflow() {
  inside patchctl apply --yes --offline >/dev/null
  say "overflow-applied=$? $(version)"
  inside dd if=/dev/urandom of=/root/much bs=1M count=260 status=none conv=fsync
  inside patchctl rollback --snapshot --preview 2>&1 | sed 's/^/LAB overflow-preview=/'
}

# $1 is thin or classic, and the rest what takes a snapshot of somebody else.
patch_and_merge() {
  kind=$1
  shift
  mkfs.ext4 -q /dev/mapper/lab-root
  mount /dev/mapper/lab-root /mnt/root && cp -ax /. /mnt/root/ && umount /mnt/root
  "$@" </dev/null
  enter
  printf '[snapshot]\nprovider = "lvm"\n' >/mnt/root/etc/patchctl/patchctl.toml
  inside patchctl apply --yes --offline
  say "$kind-applied=$? $(version)"
  say "$kind-volumes=$(volumes)"
  answer "$kind"
  inside patchctl rollback --snapshot --preview 2>&1 | sed "s/^/LAB $kind-preview=/"
  leave
  lvconvert -q --yes --merge lab/root-patchctl-0001 </dev/null
  lvchange -an lab/root </dev/null
  lvchange -ay lab/root </dev/null
  enter
  say "$kind-merged=$(version)"
  say "$kind-writable=$(inside sh -c 'touch /root/x && echo yes')"
  say "$kind-volumes-after=$(volumes)"
  inside dpkg --audit | sed 's/^/LAB audit=/'
  [ "$kind" = thin ] || overflow
  leave
  say "$kind=done"
}

if ! dmsetup targets | grep -q '^thin-pool'; then
  say thin=absent
else
  {
    pvcreate -q /dev/vdb && vgcreate -q lab /dev/vdb &&
      lvcreate -q --type thin-pool --size 1400M --name pool lab &&
      lvcreate -q --thin --virtualsize 1g --name root lab/pool
  } </dev/null || say made=no
  patch_and_merge thin lvcreate -q --snapshot --name theirs lab/root
  vgremove -q --force --yes lab </dev/null
fi
if ! dmsetup targets | grep -q '^snapshot-merge'; then
  say classic=absent
else
  { vgs lab || vgcreate -q lab /dev/vdb; lvcreate -q --size 1g --name root lab; } </dev/null || say made=no
  patch_and_merge classic lvcreate -q --snapshot --size 200m --name theirs lab/root
fi
