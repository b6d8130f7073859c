//! Readers that type like a keyboard, read from their own input device. While the kiosk holds it, no key of it reaches
//! anything else, and no other keyboard is taken for it.

use std::{
    io,
    os::fd::AsFd as _,
    path::Path,
    time::{Duration, Instant},
};

use evdev::{EventSummary, KeyCode, SynchronizationCode, raw_stream::RawDevice};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Desk, Ends, PATIENCE, QUICK, line::Line, unopened};

/// Reads scans until the device is lost. Returns why.
pub(super) fn read(device: &Path, end: Ends, desk: &Desk) -> Result<(), String> {
    let mut keyboard = open(device)?;
    desk.works();
    let mut typed = Typed { line: Line::default(), held: Vec::new(), end };
    #[expect(clippy::disallowed_methods, reason = "how long a device is silent is measured where it is read")]
    let now = Instant::now;
    let mut last = now();
    while !desk.is_ended() {
        let patience = if typed.line.is_empty() { PATIENCE } else { QUICK };
        if is_ready(&keyboard, patience).map_err(|error| lost(device, &error))? {
            for event in keyboard.fetch_events().map_err(|error| lost(device, &error))? {
                typed.hear(event.destructure(), |read| desk.scan(read));
            }
            last = now();
        } else if !typed.line.is_empty() {
            let longest = end.with_silence.unwrap_or(Duration::from_millis(500));
            if longest <= now().saturating_duration_since(last) {
                if end.with_silence.is_none() {
                    // The end did not come: it was cut short.
                    typed.line.push(None);
                }
                typed.line.end().into_iter().for_each(|read| desk.scan(read));
            }
        }
    }
    Ok(())
}

fn open(device: &Path) -> Result<RawDevice, String> {
    let shown = device.display();
    let mut keyboard = RawDevice::open(device)
        .map_err(|error| unopened(device, &error, "a udev rule must give it to the kiosk, see `vestibule setup`"))?;
    keyboard.grab().map_err(|error| format!("`{shown}` is in use by another program: {error}"))?;
    Ok(keyboard)
}

fn lost(device: &Path, error: &io::Error) -> String {
    format!("`{}` was unplugged: {error}", device.display())
}

/// Waits a moment for an event.
fn is_ready(keyboard: &RawDevice, patience: Duration) -> io::Result<bool> {
    let timeout = Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() };
    match poll(&mut [PollFd::from_borrowed_fd(keyboard.as_fd(), PollFlags::IN)], Some(&timeout)) {
        Ok(ready) => Ok(0 < ready),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The keys of a scan.
struct Typed {
    line: Line,
    /// Modifiers that are down.
    held: Vec<KeyCode>,
    end: Ends,
}

impl Typed {
    fn hear(&mut self, event: EventSummary, scan: impl FnOnce(crate::staff::Read)) {
        if let EventSummary::Synchronization(_, SynchronizationCode::SYN_DROPPED, _) = event {
            // The kernel's buffer was full: keys are missing.
            self.line.push(None);
        }
        let EventSummary::Key(_, code, value) = event else { return };
        if is_shift(code) || is_chord(code) {
            self.held.retain(|held| *held != code);
            if value != 0 {
                self.held.push(code);
            }
            return;
        }
        // 1: pressed. 0: released. 2: held.
        if value != 1 {
            return;
        }
        let ends = match code {
            KeyCode::KEY_ENTER | KeyCode::KEY_KPENTER => self.end.with_enter,
            KeyCode::KEY_TAB => self.end.with_tab,
            KeyCode::KEY_NUMLOCK | KeyCode::KEY_CAPSLOCK | KeyCode::KEY_SCROLLLOCK => return,
            _ => false,
        };
        if ends {
            if let Some(read) = self.line.end() {
                scan(read);
            }
        } else {
            let is_shifted = self.held.iter().any(|held| is_shift(*held));
            let is_plain = !self.held.iter().any(|held| is_chord(*held));
            self.line.push(us(code, is_shifted).filter(|_| is_plain));
        }
    }
}

fn is_shift(code: KeyCode) -> bool {
    matches!(code, KeyCode::KEY_LEFTSHIFT | KeyCode::KEY_RIGHTSHIFT)
}

fn is_chord(code: KeyCode) -> bool {
    matches!(
        code,
        KeyCode::KEY_LEFTCTRL
            | KeyCode::KEY_RIGHTCTRL
            | KeyCode::KEY_LEFTALT
            | KeyCode::KEY_RIGHTALT
            | KeyCode::KEY_LEFTMETA
            | KeyCode::KEY_RIGHTMETA
    )
}

/// What a US keyboard writes with this key.
///
/// # Source
///
/// `input-event-codes.h` of the Linux kernel: the codes of a row follow each other.
fn us(code: KeyCode, is_shifted: bool) -> Option<char> {
    const ROWS: [(u16, &str, &str); 5] = [
        (2, "1234567890-=", "!@#$%^&*()_+"),
        (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
        (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
        (57, " ", " "),
    ];
    const KEYPAD: [(u16, &str); 4] = [(55, "*"), (71, "789-456+1230."), (98, "/"), (117, "=")];
    let within = |first: u16, row: &str| row.chars().nth(usize::from(code.code().checked_sub(first)?));
    let main = ROWS.iter().find_map(|(first, plain, shifted)| within(*first, if is_shifted { shifted } else { plain }));
    main.or_else(|| KEYPAD.iter().find_map(|(first, row)| within(*first, row)))
}

#[cfg(test)]
mod tests {
    use evdev::KeyEvent;

    use super::*;
    use crate::staff::Read;

    const ALL: Ends = Ends { with_enter: true, with_tab: true, with_silence: Some(Duration::from_millis(150)) };

    /// What the keys with these codes are read as. Negative: released only; codes above 1000: pressed only.
    fn read(codes: &[i32], end: Ends) -> Vec<Read> {
        let mut typed = Typed { line: Line::default(), held: Vec::new(), end };
        let mut scans = Vec::new();
        for code in codes {
            let key = KeyCode(u16::try_from(code.abs() % 1_000).unwrap());
            let values: &[i32] = match code {
                ..0 => &[0],
                1_000.. => &[1],
                _ => &[1, 2, 0],
            };
            for value in values {
                let event = EventSummary::Key(KeyEvent::new(key, *value), key, *value);
                typed.hear(event, |read| scans.push(read));
            }
        }
        scans
    }

    #[test]
    fn keys_are_read_by_their_codes() {
        let text = |text: &str| vec![Read::Text(text.to_owned())];
        assert_eq!(read(&[11, 11, 2, 3, 28], ALL), text("0012"));
        assert_eq!(read(&[82, 82, 79, 80, 81, 75, 76, 77, 71, 72, 73, 96], ALL), text("00123456789"), "the keypad");
        assert_eq!(read(&[69, 11, 5, 1_042, 30, -42, 48, 15], ALL), text("04Ab"), "Shift, NumLock and Tab");
        assert_eq!(read(&[11, 59, 5, 28], ALL), [Read::Garbled], "F1 inside");
        assert_eq!(read(&[1_029, 11, 5, 6, 28], ALL), [Read::Garbled], "Ctrl is stuck");
        assert_eq!(read(&[28, 28], ALL), [], "nothing but Enter");
        assert_eq!(read(&[2, 3, 15, 4, 28], Ends { with_tab: false, ..ALL }), [Read::Garbled], "Tab inside");
    }
}
