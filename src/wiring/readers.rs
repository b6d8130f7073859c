//! The readers of the configuration.

use std::path::Path;

use super::reader_rules;
use crate::{
    beacons::Nearby,
    config::{self, Config},
    platform::suspend,
    readers::{Device, Ends, Readers},
    session::rules::ScanEnd,
};

/// Readers that are opened when the window is. `folder`: of the data, which holds the keys of OSDP readers.
pub fn readers(config: &Config, folder: &Path) -> Readers {
    Readers::new(devices(config, folder))
}

/// The readers of doors near the kiosk. Their beacons are heard if the site wants it.
pub fn nearby(config: &Config) -> Nearby {
    let nearby = Nearby::new(suspend::time_suspended);
    if config.proximity.beacons { nearby.listening() } else { nearby }
}

/// The devices of the configured readers.
pub fn devices(config: &Config, folder: &Path) -> Vec<Device> {
    config.readers.iter().map(|reader| device(reader, config, folder)).collect()
}

/// The files that may hold the key of the OSDP reader with this address, the credential first.
pub fn osdp_keys(address: u8, folder: &Path) -> Vec<std::path::PathBuf> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(std::path::PathBuf::from);
    let credential = credentials.map(|folder| folder.join(format!("vestibule.osdp-{address}")));
    credential.into_iter().chain([folder.join(format!("osdp-{address}.key"))]).collect()
}

fn device(reader: &config::Reader, config: &Config, folder: &Path) -> Device {
    match reader {
        config::Reader::Keyboard { device } => Device::Keyboard { device: device.clone(), end: ends(config) },
        config::Reader::Pcsc { name, uid } => Device::Pcsc { name: name.clone(), uid: *uid },
        config::Reader::Serial { device, baud } => {
            Device::Serial { device: device.clone(), baud: *baud, end: ends(config) }
        }
        config::Reader::Osdp { device, address, baud, uid } => Device::Osdp {
            device: device.clone(),
            address: *address,
            baud: *baud,
            uid: *uid,
            keys: osdp_keys(*address, folder),
        },
    }
}

fn ends(config: &Config) -> Ends {
    let rules = reader_rules(config);
    let silence = Some(rules.silence());
    let (with_enter, with_tab, with_silence) = match rules.end {
        ScanEnd::Auto => (true, true, silence),
        ScanEnd::Enter => (true, false, None),
        ScanEnd::Tab => (false, true, None),
        ScanEnd::Silence => (false, false, silence),
    };
    Ends { with_enter, with_tab, with_silence }
}
