//! Whether a folder keeps its files when the machine starts again.

use std::{fs, path::Path};

/// What happens to the files of a folder at the next start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// They stay, as far as that can be known.
    Kept,
    /// They are gone. With the reason.
    Forgotten(String),
    /// An overlay whose upper layer cannot be seen from here.
    Unknown,
}

/// Finds out whether a folder, which may not exist yet, is kept.
///
/// # Source
///
/// Linux, `Documentation/filesystems`: `proc.rst` (`mountinfo`), `overlayfs.rst`, `tmpfs.rst`.
pub fn of(folder: &Path) -> Storage {
    let existing = folder.ancestors().find_map(|folder| fs::canonicalize(folder).ok());
    match (existing, fs::read_to_string("/proc/self/mountinfo")) {
        (Some(folder), Ok(mounts)) => by_mounts(&folder, &mounts),
        (None, _) | (_, Err(_)) => Storage::Kept,
    }
}

/// A line of `mountinfo`.
struct Mount<'a> {
    point: String,
    kind: &'a str,
    options: &'a str,
}

fn by_mounts(folder: &Path, mounts: &str) -> Storage {
    let mounts: Vec<Mount<'_>> = mounts.lines().filter_map(parse).collect();
    // The last of several mounts on one point hides the others.
    let holder = |path: &Path| {
        mounts.iter().filter(|mount| path.starts_with(&mount.point)).max_by_key(|mount| mount.point.len())
    };
    let in_memory = |kind: &str| matches!(kind, "tmpfs" | "ramfs");
    match holder(folder) {
        Some(mount) if in_memory(mount.kind) => {
            Storage::Forgotten(format!("`{}` is in memory ({})", mount.point, mount.kind))
        }
        Some(mount) if mount.kind == "overlay" => {
            let upper = mount.options.split(',').find_map(|option| option.strip_prefix("upperdir="));
            match upper.map(|upper| (upper, Path::new(upper).exists(), holder(Path::new(upper)))) {
                None => Storage::Forgotten(format!("`{}` is an overlay without an upper layer", mount.point)),
                Some((upper, _, Some(above))) if in_memory(above.kind) => Storage::Forgotten(format!(
                    "`{}` is an overlay whose upper layer `{upper}` is in memory",
                    mount.point
                )),
                Some((_, true, _)) => Storage::Kept,
                Some((_, false, _)) => Storage::Unknown,
            }
        }
        Some(_) | None => Storage::Kept,
    }
}

/// Parses `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
fn parse(line: &str) -> Option<Mount<'_>> {
    let (before, after) = line.split_once(" - ")?;
    let point = before.split(' ').nth(4)?;
    let mut after = after.split(' ');
    let (kind, _, options) = (after.next()?, after.next()?, after.next().unwrap_or_default());
    // Spaces in paths are written as octal numbers.
    Some(Mount { point: point.replace("\\040", " "), kind, options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_forget_are_found() {
        let disk = "25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n";
        let check = |mounts: &str, folder: &str| by_mounts(Path::new(folder), mounts);
        assert_eq!(check(disk, "/var/lib/vestibule"), Storage::Kept);
        let memory = format!("{disk}26 25 0:23 / /var/lib/vestibule rw - tmpfs tmpfs rw,size=1024k\n");
        assert!(matches!(check(&memory, "/var/lib/vestibule"), Storage::Forgotten(_)));
        assert_eq!(check(&memory, "/var/lib/other"), Storage::Kept);
        // overlayroot: the root is an overlay over a read-only disk, with its changes in memory.
        let overlay = "30 1 0:30 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/w\n\
                       31 30 254:1 / /media/root-ro ro - ext4 /dev/vda1 ro\n";
        let in_memory = format!("{overlay}32 30 0:31 / /media/root-rw rw - tmpfs tmpfs-root rw\n");
        assert!(
            matches!(check(&in_memory, "/var/lib/vestibule"), Storage::Forgotten(why) if why.contains("/media/root-rw"))
        );
        assert_eq!(check(overlay, "/var/lib/vestibule"), Storage::Unknown, "its upper layer cannot be seen");
        let read_only = "30 1 0:30 / / ro - overlay live ro,lowerdir=/a:/b\n";
        assert!(matches!(check(read_only, "/var"), Storage::Forgotten(_)));
        let kept = format!("{overlay}32 30 254:2 / /media/root-rw rw - ext4 /dev/vda2 rw\n")
            .replace("/media/root-rw/overlay", "/");
        assert_eq!(check(&kept, "/var/lib"), Storage::Kept);
        let spaces = format!("{disk}26 25 0:23 / /mnt/my\\040disk rw - tmpfs tmpfs rw\n");
        assert!(matches!(check(&spaces, "/mnt/my disk/data"), Storage::Forgotten(_)));
    }
}
