//! The time zone of this machine: days of limits and times on the screen are in it.

use std::{env, fs, path::Path};

use jiff::tz::TimeZone;

/// The zone that is used, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The IANA name, or `UTC`.
    pub name: String,
    /// Why another zone may be meant. `None` if the zone is set and known.
    pub doubt: Option<String>,
}

/// Finds the zone that this process uses.
pub fn current() -> Zone {
    find(env::var("TZ").ok().as_deref(), Path::new("/etc"))
}

/// The zone by `TZ`, else by `localtime` and `timezone` in this folder.
///
/// # Source
///
/// systemd, localtime(5): `/etc/localtime` is a link into the zone database. Debian also writes the name to
/// `/etc/timezone`.
fn find(tz: Option<&str>, etc: &Path) -> Zone {
    const REMEDY: &str = "run `timedatectl set-timezone`";
    let (named, place) = match tz.map(|tz| tz.trim_start_matches(':')) {
        Some(tz) if !tz.is_empty() => (Some(tz.to_owned()), "TZ"),
        Some(_) | None => match (linked(&etc.join("localtime")), fs::read_to_string(etc.join("timezone"))) {
            (Some(name), _) => (Some(name), "/etc/localtime"),
            (None, Ok(name)) => (Some(name.trim().to_owned()), "/etc/timezone"),
            (None, Err(_)) => (None, "/etc"),
        },
    };
    let used = TimeZone::try_system().ok();
    let name = used.as_ref().map_or_else(
        || "UTC".to_owned(),
        |zone| {
            let offset = || zone.to_offset(jiff::Timestamp::now()).to_string();
            zone.iana_name().map_or_else(offset, str::to_owned)
        },
    );
    let doubt = match named {
        None if etc.join("localtime").exists() => None,
        None => Some(format!("no time zone is set: {REMEDY}")),
        // A rule such as CET-1CEST, or a file, is not a name.
        Some(rule) if place == "TZ" && used.is_some() && (rule.contains([',', '<']) || rule.starts_with('/')) => None,
        Some(zone)
            if TimeZone::get(&zone).is_err()
                && !(place == "TZ" && used.is_some() && zone.contains(char::is_numeric)) =>
        {
            Some(format!(
                "`{zone}` in {place} is not in this machine's zone database: install tzdata (and tzdata-legacy for old \
                 names), or {REMEDY}"
            ))
        }
        Some(_) if used.is_none() => Some(format!("the time zone in {place} cannot be read: {REMEDY}")),
        Some(_) => None,
    };
    Zone { name, doubt }
}

/// The zone that a link such as `../usr/share/zoneinfo/Europe/Berlin` names. It may not exist.
fn linked(localtime: &Path) -> Option<String> {
    let target = fs::read_link(localtime).ok()?;
    let target = target.to_str()?;
    Some(target.split_once("zoneinfo/")?.1.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_zone_that_is_not_set_or_not_known_is_doubted() {
        let etc = tempfile::tempdir().unwrap();
        let doubt = |tz| find(tz, etc.path()).doubt.unwrap_or_default();
        assert!(doubt(None).starts_with("no time zone is set"));
        assert_eq!(doubt(Some("Europe/Berlin")), "");
        assert_eq!(doubt(Some(":Europe/Berlin")), "");
        assert_eq!(doubt(Some("CET-1CEST,M3.5.0,M10.5.0/3")), "");
        assert!(doubt(Some("Europe/Atlantis")).starts_with("`Europe/Atlantis` in TZ is not in"));
        fs::write(etc.path().join("timezone"), "Mars/Olympus\n").unwrap();
        assert!(doubt(None).starts_with("`Mars/Olympus` in /etc/timezone"));
        symlink("/usr/share/zoneinfo/Gone/Zone", etc.path().join("localtime")).unwrap();
        assert!(doubt(None).starts_with("`Gone/Zone` in /etc/localtime"), "a link to a zone that tzdata dropped");
    }
}
