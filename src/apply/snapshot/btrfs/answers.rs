//! What btrfs-progs answers, read as values (btrfs-subvolume(8), btrfs-filesystem(8); captured from 6.2).

/// What `btrfs subvolume show` tells of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subvolume {
    /// Its identity.
    pub(super) uuid: String,
    /// The identity of what it was made from; `-` when from nothing.
    pub(super) parent: String,
    /// Its number.
    pub(super) number: u64,
    /// Nothing can write to it.
    pub(super) is_read_only: bool,
}

/// Reads `btrfs subvolume show`; `None` when it tells no identity.
pub(super) fn subvolume(text: &str) -> Option<Subvolume> {
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.trim().split_once(':'));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned())
    };
    Some(Subvolume {
        uuid: field("UUID").filter(|uuid| uuid.len() > 1)?,
        parent: field("Parent UUID").unwrap_or_default(),
        number: field("Subvolume ID")?.parse().ok()?,
        is_read_only: field("Flags").is_some_and(|flags| flags.contains("readonly")),
    })
}

/// Reads the paths of `btrfs subvolume list -o`: `ID 257 gen 7 top level 256 path @rootfs/nested`.
pub(super) fn paths(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split_once(" path ")).map(|(_, path)| path.to_owned()).collect()
}

/// Reads the number of `btrfs subvolume get-default`: `ID 256 gen 7 top level 5 path @rootfs`.
pub(super) fn default_number(text: &str) -> Option<u64> {
    text.strip_prefix("ID ")?.split_whitespace().next()?.parse().ok()
}

/// Room for what btrfs writes about files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MetadataRoom {
    /// Bytes given to it.
    pub(super) size: u64,
    /// Bytes of these in use.
    pub(super) used: u64,
    /// Bytes of the devices that are given to nothing yet.
    pub(super) unallocated: u64,
}

impl MetadataRoom {
    /// Tells whether a snapshot and a run can be afforded. Metadata above 80 % is too full (safety design, 5.3), unless
    /// the devices still have room from which more is given: a piece of metadata takes up to 1 GiB, twice with the
    /// profile DUP (btrfs(5), chunks).
    pub(super) fn is_enough(self) -> bool {
        const TWO_PIECES: u64 = 2 << 30;
        self.used.saturating_mul(5) <= self.size.saturating_mul(4) || self.unallocated >= TWO_PIECES
    }
}

/// Reads `btrfs filesystem usage -b`; `None` when it tells less, as it does to other users than root.
pub(super) fn metadata_room(text: &str) -> Option<MetadataRoom> {
    let number = |text: &str| text.trim().split([' ', ',', '\t']).next()?.parse::<u64>().ok();
    let unallocated =
        text.lines().find_map(|line| number(line.trim().strip_prefix("Device unallocated:")?))?;
    let (mut size, mut used) = (0u64, 0u64);
    for line in text.lines().filter(|line| line.starts_with("Metadata,")) {
        size = size.checked_add(number(line.split_once("Size:")?.1)?)?;
        used = used.checked_add(number(line.split_once("Used:")?.1)?)?;
    }
    (size > 0).then_some(MetadataRoom { size, used, unallocated })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "@rootfs.patchctl-0042\n\tName: \t\t\t@rootfs.patchctl-0042\n\
        \tUUID: \t\t\t2a6fa17b-72fc-a14d-bfd1-d37c59059efa\n\
        \tParent UUID: \t\tfdbabe2a-44f5-5147-825a-75937241f40b\n\tReceived UUID: \t\t-\n\
        \tCreation time: \t\t2026-11-22 03:05:30 +0000\n\tSubvolume ID: \t\t258\n\tGeneration: \t\t7\n\
        \tFlags: \t\t\treadonly\n\tSnapshot(s):\n";

    const USAGE: &str = "Overall:\n    Device size:\t\t         419430400\n\
        \x20   Device unallocated:\t\t         327155712\n    Free (estimated):\t\t         335544320\t(min: 171966464)\n\n\
        Data,single: Size:8388608, Used:0 (0.00%)\n   /dev/loop0\t   8388608\n\n\
        Metadata,DUP: Size:33554432, Used:180224 (0.54%)\n   /dev/loop0\t  67108864\n";

    #[test]
    fn a_subvolume_is_known_by_its_identity_and_its_parent() {
        let found = subvolume(SHOWN).expect("shown");
        assert_eq!(found.uuid, "2a6fa17b-72fc-a14d-bfd1-d37c59059efa");
        assert_eq!(found.parent, "fdbabe2a-44f5-5147-825a-75937241f40b");
        assert_eq!((found.number, found.is_read_only), (258, true));
        assert_eq!(subvolume("ERROR: not a subvolume"), None);
    }

    #[test]
    fn lists_and_defaults_are_read() {
        let list = "ID 257 gen 7 top level 256 path @rootfs/var/lib/two words\n";
        assert_eq!(paths(list), ["@rootfs/var/lib/two words"]);
        assert_eq!(default_number("ID 256 gen 7 top level 5 path @rootfs\n"), Some(256));
        assert_eq!(default_number("ID 5 (FS_TREE)\n"), Some(5));
        assert_eq!(default_number("ERROR"), None);
    }

    #[test]
    fn metadata_is_full_when_neither_it_nor_the_devices_have_room() {
        let room = metadata_room(USAGE).expect("told");
        assert_eq!(room, MetadataRoom { size: 33_554_432, used: 180_224, unallocated: 327_155_712 });
        assert!(room.is_enough());
        assert!(!MetadataRoom { used: 27_000_000, ..room }.is_enough());
        assert!(MetadataRoom { used: 27_000_000, unallocated: 3 << 30, ..room }.is_enough());
        assert_eq!(metadata_room("WARNING: cannot read detailed chunk info"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(Metadata,|UUID: |ID |Device unallocated:|[ -~\n]){0,40}") {
            let _ = (subvolume(&text), metadata_room(&text), default_number(&text), paths(&text));
        }
    }
}
