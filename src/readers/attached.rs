//! What is attached to this machine that could be a reader.

use std::{fs, path::Path};

use pcsc::{Context, Scope};

use super::pcsc::{names, refusal};

/// A device that could be a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The `kind` for `[[reader]]`.
    pub kind: &'static str,
    /// The value for `device`, or for `name` with PC/SC.
    pub place: String,
    /// The device's own name, with vendor and product id where it has them.
    pub about: String,
    /// Vendor and product id of a USB keyboard.
    pub ids: Option<(u16, u16)>,
}

/// Lists keyboards, PC/SC readers and serial ports, and what could not be listed.
pub fn attached() -> (Vec<Attached>, Vec<String>) {
    let (mut found, mut failed) = (keyboards(), Vec::new());
    match Context::establish(Scope::User).map_err(refusal).and_then(|context| names(&context)) {
        Ok(names) => found.extend(names.iter().map(|name| Attached {
            kind: "pcsc",
            place: name.to_string_lossy().into_owned(),
            about: String::new(),
            ids: None,
        })),
        Err(error) => failed.push(format!("PC/SC readers cannot be listed: {error}")),
    }
    found.extend(serial_ports(Path::new("/dev/serial/by-id")));
    (found, failed)
}

/// Input devices with the digit keys.
#[cfg(target_os = "linux")]
fn keyboards() -> Vec<Attached> {
    use evdev::KeyCode;

    let mut found: Vec<Attached> = evdev::raw_stream::enumerate()
        .filter(|(_, device)| {
            let digits = [KeyCode::KEY_1, KeyCode::KEY_0, KeyCode::KEY_ENTER];
            device.supported_keys().is_some_and(|keys| digits.iter().all(|key| keys.contains(*key)))
        })
        .map(|(path, device)| {
            let id = device.input_id();
            let name = device.name().unwrap_or("without a name");
            let about = format!("{name}, {} {:04x}:{:04x}", id.bus_type(), id.vendor(), id.product());
            let ids = (id.bus_type() == evdev::BusType::BUS_USB).then(|| (id.vendor(), id.product()));
            Attached { kind: "keyboard", place: path.display().to_string(), about, ids }
        })
        .collect();
    found.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

#[cfg(not(target_os = "linux"))]
fn keyboards() -> Vec<Attached> {
    Vec::new()
}

/// Serial ports by the names that stay the same.
fn serial_ports(folder: &Path) -> Vec<Attached> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<Attached> = entries
        .map(|entry| Attached {
            kind: "serial",
            place: entry.path().display().to_string(),
            about: String::new(),
            ids: None,
        })
        .collect();
    found.sort_by(|a, b| a.place.cmp(&b.place));
    found
}
