# Runs in a guest with the modules of ZFS: makes a root on a dataset, patches it there, and rolls the dataset back to the
# snapshot of the run. No udev runs: the pool lies on a partition, which ZFS takes as it is.
say() { printf '\nLAB %s\n' "$*"; }

enter() {
  mount -t zfs lab/root /mnt/root
  for folder in dev proc sys; do mount --bind /$folder /mnt/root/$folder; done
  mount -t tmpfs tmpfs /mnt/root/run
}
leave() {
  umount /mnt/root/run /mnt/root/sys /mnt/root/proc /mnt/root/dev /mnt/root
}
inside() { chroot /mnt/root "$@" </dev/null; }
version() { inside dpkg-query -W -f '${Version}' lab-plain; }
snapshots() { zfs list -H -t snapshot -o name,patchctl:run -s creation lab/root | tr '\t\n' ': '; }
# What patchctl asks, as ZFS answers it here.
answers() {
  for snapshot in patchctl-0001 theirs none; do
    zfs list -H -p -t snapshot -o guid,patchctl:run "lab/root@$snapshot" 2>&1 | tr '\t' '|' | sed "s/^/LAB answer-$snapshot=/"
  done
  zpool list -H -p -o capacity lab | sed 's/^/LAB answer-capacity=/'
}

make_root() {
  echo 'start=1MiB' | sfdisk -q /dev/vdb
  zpool create -f -o cachefile=none -O mountpoint=none -O compression=off lab /dev/vdb1 &&
    zfs create -o mountpoint=legacy lab/root && zfs create -o mountpoint=legacy lab/other || say made=no
  mkdir -p /mnt/root /mnt/other
  mount -t zfs lab/root /mnt/root && cp -ax /. /mnt/root/ && umount /mnt/root
  zfs snapshot lab/root@theirs
}

# A snapshot of somebody else that is younger than ours is in the way of going back, and is not removed unasked.
patch_and_go_back() {
  enter
  printf '[snapshot]\nprovider = "zfs"\n' >/mnt/root/etc/patchctl/patchctl.toml
  inside patchctl apply --yes --offline
  say "applied=$? $(version)"
  say "snapshots=$(snapshots)"
  answers
  inside patchctl rollback --snapshot --preview 2>&1 | sed 's/^/LAB preview=/'
  zfs snapshot lab/root@younger
  leave
  zfs rollback lab/root@patchctl-0001 2>&1 | sed 's/^/LAB in-the-way=/'
  zfs destroy lab/root@younger
  zfs rollback lab/root@patchctl-0001
  enter
  say "rolled-back=$(version)"
  inside dpkg --audit | sed 's/^/LAB audit=/'
}

# The run that would hold on to more of a pool that is nearly full does not begin.
fill() {
  mount -t zfs lab/other /mnt/other
  dd if=/dev/zero of=/mnt/other/much bs=1M count=1350 status=none
  sync
  say "full=$(zpool list -H -p -o capacity lab)"
  inside patchctl apply --yes --offline 2>&1 | sed 's/^/LAB refused=/'
  say "still=$(version)"
  rm /mnt/other/much
  zpool sync lab
}

# The root of before the run holds the beginning of it, which is given up; its snapshot goes when the next run has its own.
patch_again() {
  inside patchctl apply --yes --offline
  say "again=$? $(version)"
  say "snapshots-after=$(snapshots)"
  inside patchctl rollback --yes
  say "undone=$? $(version)"
}

while read -r module; do insmod "/root/modules/$module"; done </root/modules/order
if ! [ -e /dev/zfs ]; then
  say zfs=absent
else
  make_root
  patch_and_go_back
  fill
  patch_again
  leave
  say zfs=done
fi
