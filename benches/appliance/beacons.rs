//! A thousand beacons a second, by D-Bus from a stand-in for BlueZ, while somebody is signed in.
//! `VESTIBULE_BEACONS=600` sets the seconds.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    SIZE, Site, line, memory, processor, sign_in, started,
    support::bluez::{Bluez, frame_of},
    touchscreen::Touchscreen,
};

/// Seconds by default.
const SECONDS: u64 = 60;
/// Beacons a second.
const RATE: u64 = 1_000;
/// A visit ends after three minutes.
const VISIT: Duration = Duration::from_secs(150);
/// The door that asks for its reader.
const ARCHIVE: u64 = 107;

/// Prints the table.
pub(super) fn beacons() {
    let seconds = std::env::var("VESTIBULE_BEACONS").map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let bluez = Bluez::start();
    let site = Site::new(0);
    site.configure("[health]", "[proximity]\nbeacons = true\n[health]");
    site.configure("after_unlock_seconds = 60", "after_unlock_seconds = 60\nidle_seconds = 170");
    let mut screen = Touchscreen::start(SIZE.0, SIZE.1);
    let mut command = site.command();
    let (shown, _) = started(&screen, command.env("DBUS_SYSTEM_BUS_ADDRESS", bluez.address()));
    let id = shown.child.id();
    thread::sleep(Duration::from_secs(2));
    let _ = sign_in(&mut screen, 0);
    bluez.wait_for(true);
    thread::sleep(Duration::from_secs(2));
    let quiet = share(id, || thread::sleep(Duration::from_secs(20)));
    let (mut sent, mut visit, mut index) = (0, Instant::now(), 0);
    let mut sizes = vec![memory(id)];
    let busy = share(id, || {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(seconds) {
            // Ten in a row every hundredth of a second. One in ten is of a door that somebody has.
            let due = begin + Duration::from_millis(1_000 * sent / RATE);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            for n in 0..10 {
                let lock = if n == 0 { ARCHIVE } else { 5_000 + (sent + n) % 300 };
                let device = format!("{:02X}:{:02X}", lock / 256, lock % 256);
                bluez.hears(&device, &frame_of(&site.kisi, lock), -60);
            }
            // As from a controller that reports everything.
            bluez.scan_anew();
            sent += 10;
            if VISIT < visit.elapsed() {
                screen.chord(&[1]);
                thread::sleep(Duration::from_millis(300));
                index += 1;
                let _ = sign_in(&mut screen, index);
                visit = Instant::now();
                sizes.push(memory(id));
            }
        }
    });
    sizes.push(memory(id));
    assert!(bluez.is_discovering(), "the kiosk does not listen");
    println!(
        "\n| {RATE} beacons a second for {seconds} s ({sent} in all) | | | | goal |\n| --- | --- | --- | --- | --- |"
    );
    line("processor during a visit without beacons", &format!("{quiet:.2} % of a core"), "", "", "");
    line("processor with them", &format!("{busy:.2} % of a core"), "", "", "2 %");
    let sizes: Vec<String> = sizes.iter().map(|size| format!("{size:.1}")).collect();
    line("memory (PSS), over time", &format!("{} MiB", sizes.join(", ")), "", "", "flat");
}

/// The part of a core that the process takes meanwhile, in percent.
fn share(id: u32, meanwhile: impl FnOnce()) -> f64 {
    let (before, begin) = (processor(id), Instant::now());
    meanwhile();
    100.0 * (processor(id) - before) / begin.elapsed().as_secs_f64()
}
