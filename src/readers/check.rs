//! Whether a configured reader can be used, found out without taking it away from a kiosk that runs.

use std::{fs, os::unix::fs::FileTypeExt as _, path::Path};

use pcsc::{Context, Scope};
use rustix::fs::{Access, access};

use super::{Device, osdp, pcsc as contactless};

/// Checks a reader: its device and the rights to it, the PC/SC service, or the key of the secure channel. It does not
/// prove that the reader answers.
///
/// # Errors
///
/// What is wrong, and what to do.
pub fn check(device: &Device) -> Result<(), String> {
    match device {
        Device::Keyboard { device, .. } => reachable(device, "a udev rule must give it to the kiosk's account"),
        Device::Serial { device, .. } => reachable(device, "the kiosk's account must be in its group"),
        Device::Osdp { device, keys, .. } => {
            reachable(device, "the kiosk's account must be in its group")?;
            osdp::key(keys).map(drop)
        }
        Device::Pcsc { name, .. } => {
            let context = Context::establish(Scope::User).map_err(contactless::refusal)?;
            contactless::states(&context, name).map(drop)
        }
    }
}

fn reachable(device: &Path, advice: &str) -> Result<(), String> {
    if fs::metadata(device).is_ok_and(|about| !about.file_type().is_char_device()) {
        return Err(format!("`{}` is no device", device.display()));
    }
    match access(device, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::NOENT) => Err(format!("`{}` is not there", device.display())),
        Err(error) => Err(format!("`{}`: {error}: {advice}", device.display())),
    }
}

impl Device {
    /// What this kind of reader protects against, and what not.
    pub fn protection(&self) -> &'static str {
        match self {
            Self::Keyboard { .. } => {
                "no other keyboard is taken for it; cards and its plug can be copied, and the cable can be tapped"
            }
            Self::Pcsc { .. } => {
                "no keyboard can type a card; a UID can be copied to another card, and is not checked for it"
            }
            Self::Serial { .. } => {
                "no keyboard can type a card; cards can be copied, and whoever has the cable can send"
            }
            Self::Osdp { .. } => {
                "no keyboard can type a card, and nobody on the cable can read, change or replay one; cards can be copied"
            }
        }
    }
}
