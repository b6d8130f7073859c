//! Checks the machine: time zone, storage, and the port of `health.listen`.

use std::{
    fs::{File, TryLockError},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use vestibule::{
    config::{Config, Theme},
    platform::{
        backlight::{Backlight, BacklightError},
        port_holder,
        storage::{self, Storage},
        time_zone,
    },
    status::server::PROGRAM,
};

use super::{Finding, Severity, finding};

/// Time limit for the answer of the health endpoint.
const PATIENCE: Duration = Duration::from_secs(2);
/// Largest answer that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

pub(super) fn machine(config: &Config, folder: &Path) -> Vec<Finding> {
    let mut findings = vec![zone(config), storage(config, folder)];
    findings.extend(config.health.listen.map(|listen| port(listen, is_running(folder))));
    findings.extend(config.display.night.map(|_| backlight(config.display.theme)));
    findings
}

fn zone(config: &Config) -> Finding {
    let time_zone::Zone { name, doubt } = time_zone::current();
    let now = TimeZone::system().to_datetime(Timestamp::now()).strftime("%H:%M").to_string();
    let limits = &config.limits;
    let has_limits = 0 < limits.per_person_per_day || !limits.per_door.is_empty();
    let midnight = if has_limits { "; daily limits end at midnight there" } else { "" };
    match doubt {
        None => finding("time zone", Severity::Well, format!("{name}, where it is {now}{midnight}")),
        Some(doubt) => finding(
            "time zone",
            Severity::Warning,
            format!("{doubt}. Until then {name} is used, where it is {now}{midnight}"),
        ),
    }
}

fn storage(config: &Config, folder: &Path) -> Finding {
    match storage::of(folder) {
        Storage::Kept => finding("storage", Severity::Well, "the data folder is kept when the machine starts again"),
        Storage::Unknown => finding(
            "storage",
            Severity::Warning,
            "the data folder is on an overlay whose upper layer cannot be seen: make sure that it is kept when the machine \
             starts again",
        ),
        Storage::Forgotten(why) if config.kiosk.volatile_data => finding(
            "storage",
            Severity::Warning,
            format!(
                "{why}: staff, PINs and audit log are gone at the next start, as \
             kiosk.volatile_data allows"
            ),
        ),
        Storage::Forgotten(why) => finding(
            "storage",
            Severity::Unwell,
            format!(
                "{why}: staff, PINs and audit log would be gone at the next start, so the kiosk does not start. Put the data \
                 folder on a disk, or set kiosk.volatile_data"
            ),
        ),
    }
}

/// Whether `display.night` can lower the backlight. Changes nothing.
fn backlight(theme: Theme) -> Finding {
    let otherwise = match theme {
        Theme::Dark | Theme::Light => "at night the colors become darker",
        Theme::Contrast => "at night nothing is dimmed, because the contrast theme keeps its colors",
    };
    match Backlight::of_system().and_then(|backlight| backlight.check()) {
        Ok(()) => finding("night", Severity::Well, "this account may set the backlight of the panel"),
        Err(none @ BacklightError::None) => finding("night", Severity::Well, format!("{none}: {otherwise}")),
        Err(error) => finding("night", Severity::Warning, format!("{error}: {otherwise} (operating.md, \"At night\")")),
    }
}

/// Whether a kiosk runs on this data folder: it holds the lock.
fn is_running(folder: &Path) -> bool {
    let lock = File::open(folder.join("kiosk.lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Whether the port is free, answered by the kiosk, or held by another program.
fn port(listen: SocketAddr, is_running: bool) -> Finding {
    let about = "health";
    if listen.port() == 0 || TcpListener::bind(listen).is_ok() {
        if is_running {
            let text = format!("the kiosk runs, but does not listen on {listen}: restart it");
            return finding(about, Severity::Unwell, text);
        }
        return finding(about, Severity::Well, format!("{listen} is free for the kiosk, which is not running"));
    }
    let holder = port_holder::of(listen.port()).unwrap_or_else(|| "another program".to_owned());
    match answered(listen) {
        Some(pid) if !is_running => finding(
            about,
            Severity::Unwell,
            format!("{listen} is held by the kiosk of another data folder, process {pid}: change health.listen"),
        ),
        Some(pid) => finding(about, Severity::Well, format!("{listen} is answered by vestibule, process {pid}")),
        None => finding(
            about,
            Severity::Unwell,
            format!("{listen} is held by {holder}, so this kiosk cannot be monitored there: change health.listen"),
        ),
    }
}

/// The process id in the answer of a kiosk. `None` if something else answers.
fn answered(listen: SocketAddr) -> Option<u64> {
    let mut stream = TcpStream::connect_timeout(&listen, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    let _ = stream.take(LARGEST).read_to_end(&mut answer).ok()?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()?;
    (body.get("program")?.as_str()? == PROGRAM).then(|| body.get("process")?.as_u64())?
}
