//! OSDP readers: door readers on RS-485. Everything goes through the secure channel; a reader with another key, or none,
//! is not heard.
//!
//! # Source
//!
//! OSDP 2.2 (IEC 60839-11-5); the library: <https://libosdp.sidcha.dev>.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use libosdp::{
    Channel, ChannelError, ControlPanel, ControlPanelBuilder, OsdpCommand, OsdpCommandBuzzer, OsdpCommandLed,
    OsdpEvent, OsdpEventCardRead, OsdpFlag, OsdpLedColor, OsdpLedParams, OsdpStatusReportType, PdInfoBuilder,
};
use serial2::SerialPort;
use zeroize::Zeroizing;

use super::{Desk, Signal, pcsc::RANDOM, serial};
use crate::{
    hex,
    staff::{Read, UidForm},
};

/// libosdp must be driven at least every 50 ms.
const TICK: Duration = Duration::from_millis(20);
/// A reader that is not on line after this is missing.
const LATE: Duration = Duration::from_millis(1_500);
/// A light or a buzzer shows a result for this many tenths of a second.
const SHOWN: u16 = 15;
/// The only reader of a panel.
const READER: i32 = 0;
/// A reader in install mode must take its new key within this.
const PAIRING: Duration = Duration::from_secs(8);
/// A reader has taken its key after this.
const SETTLED: Duration = Duration::from_secs(2);

/// A serial line and the reader on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) device: &'a Path,
    pub(super) address: u8,
    pub(super) baud: u32,
}

/// A serial port as libosdp wants it: it never waits. libosdp never frees it, so the bus closes it.
struct Port(Arc<Mutex<Shared>>);

struct Shared {
    port: Option<SerialPort>,
    /// Why the port was lost.
    lost: Option<String>,
}

impl Port {
    fn with<T>(&self, act: impl FnOnce(&SerialPort) -> std::io::Result<T>) -> Result<T, ChannelError> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = shared.port.as_ref().map_or_else(|| Err(ErrorKind::NotConnected.into()), act);
        done.map_err(|error| {
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) {
                return ChannelError::WouldBlock;
            }
            shared.lost = Some(error.to_string());
            ChannelError::TransportError
        })
    }
}

impl Channel for Port {
    fn get_id(&self) -> i32 {
        READER
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ChannelError> {
        // What an unplugged port reads.
        let lost = || Err(ErrorKind::UnexpectedEof.into());
        self.with(|port| port.read(bytes).and_then(|count| if count == 0 { lost() } else { Ok(count) }))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, ChannelError> {
        self.with(|port| port.write(bytes))
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }

    fn close(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// An open line with its panel.
struct Bus {
    panel: ControlPanel,
    events: mpsc::Receiver<OsdpEvent>,
    port: Arc<Mutex<Shared>>,
}

impl Bus {
    /// `key`: of the secure channel. `may_pair`: a reader in install mode is given the key; else it must have it.
    fn open(line: Line<'_>, key: &[u8; 16], may_pair: bool) -> Result<Self, String> {
        let port = serial::open(line.device, line.baud, Duration::from_millis(1))?;
        let port = Arc::new(Mutex::new(Shared { port: Some(port), lost: None }));
        let about = || -> Result<PdInfoBuilder, libosdp::OsdpError> {
            let baud = i32::try_from(line.baud).unwrap_or(i32::MAX);
            PdInfoBuilder::new().name("reader")?.address(i32::from(line.address))?.baud_rate(baud)
        };
        let about = about().map_err(|error| format!("the OSDP reader: {error:?}"))?;
        let about = about.secure_channel_key(*key);
        let about = if may_pair { about } else { about.flag(OsdpFlag::EnforceSecure) };
        let channel: Box<dyn Channel> = Box::new(Port(Arc::clone(&port)));
        let mut panel = ControlPanelBuilder::new()
            .add_channel(channel, vec![about])
            .build()
            .map_err(|error| format!("the OSDP reader: {error:?}"))?;
        let (sender, events) = mpsc::channel();
        panel.set_event_callback(move |_, event| {
            let _ = sender.send(event);
            0
        });
        Ok(Self { panel, events, port })
    }

    /// Drives the line for a moment. Returns why it was lost.
    fn drive(&mut self, line: Line<'_>) -> Result<(), String> {
        self.panel.refresh();
        if let Some(why) = self.port.lock().unwrap_or_else(PoisonError::into_inner).lost.take() {
            return Err(format!("`{}` was unplugged: {why}", line.device.display()));
        }
        thread::sleep(TICK);
        Ok(())
    }

    fn is_secure(&self) -> bool {
        self.panel.is_online(READER) && self.panel.is_sc_active(READER)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.port.lock().unwrap_or_else(PoisonError::into_inner).port = None;
    }
}

/// Reads cards until the line is lost. Returns why.
pub(super) fn read(line: &Line<'_>, uid: UidForm, keys: &[PathBuf], desk: &Desk) -> Result<(), String> {
    let key = key(keys)?;
    let mut bus = Bus::open(*line, &key, false)?;
    drop(key);
    let (mut is_secure, mut since) = (false, now());
    while !desk.is_ended() {
        bus.drive(*line)?;
        let was_secure = std::mem::replace(&mut is_secure, bus.is_secure());
        if is_secure && !was_secure {
            desk.works();
        } else if was_secure && !is_secure {
            since = now();
        }
        if !is_secure && LATE <= now().saturating_duration_since(since) {
            desk.missing("the reader does not answer, or has another key: run `vestibule reader pair`".to_owned());
        }
        while let Ok(event) = bus.events.try_recv() {
            // Before the secure channel is there, nothing that claims to be the reader is believed.
            if is_secure {
                hear(&event, uid, desk);
            }
        }
        while let Ok(signal) = desk.signals.try_recv() {
            if is_secure {
                show(&mut bus.panel, signal);
            }
        }
    }
    Ok(())
}

fn hear(event: &OsdpEvent, uid: UidForm, desk: &Desk) {
    match event {
        OsdpEvent::CardRead(card) => desk.scan(number(card, uid)),
        OsdpEvent::Status(report) if report.type_ == OsdpStatusReportType::Local => {
            // The first entry is the tamper contact, the second one the power.
            desk.tampered(report.report.first().is_some_and(|tamper| *tamper != 0));
        }
        OsdpEvent::Status(_) | OsdpEvent::KeyPress(_) | OsdpEvent::MfgReply(_) => {}
    }
}

/// What a card reads as: facility and number of 26 bits, or a UID of whole bytes.
fn number(card: &OsdpEventCardRead, uid: UidForm) -> Read {
    match (card.nr_bits, card.data.as_slice()) {
        (26, [a, b, c, d, ..]) => wiegand(u32::from_be_bytes([*a, *b, *c, *d]) >> 6),
        // Phones draw their UID anew each time.
        (32, [RANDOM, ..]) => Read::Garbled,
        (bits @ (32 | 56 | 64 | 80), data) if data.len() == bits / 8 => Read::Number(uid.write(data)),
        (bits, _) => {
            tracing::info!(bits, "a card of a format that is not known was read");
            Read::Garbled
        }
    }
}

/// The 26 bits of H10301: even parity of the first half, facility code, card number, odd parity of the second half.
///
/// # Source
///
/// pagemac.com, "HID data formats", H10301.
fn wiegand(bits: u32) -> Read {
    let (first, second) = ((bits >> 13) & 0x1fff, bits & 0x1fff);
    if !first.count_ones().is_multiple_of(2) || second.count_ones().is_multiple_of(2) {
        return Read::Garbled;
    }
    let [_, facility, high, low] = (bits >> 1).to_be_bytes();
    Read::Wiegand(facility, u16::from_be_bytes([high, low]))
}

/// Green and one tone, or red and three.
fn show(panel: &mut ControlPanel, signal: Signal) {
    let (color, tones) = match signal {
        Signal::Accepted => (OsdpLedColor::Green, 1),
        Signal::Refused => (OsdpLedColor::Red, 3),
    };
    // Control code 2: set the temporary state and start its timer.
    let temporary = OsdpLedParams {
        control_code: 2,
        on_count: 1,
        off_count: 0,
        on_color: color,
        off_color: OsdpLedColor::None,
        timer_count: SHOWN,
    };
    let led = OsdpCommandLed { reader: 0, led_number: 0, temporary, permanent: OsdpLedParams::default() };
    let buzzer = OsdpCommandBuzzer { reader: 0, control_code: 2, on_count: 1, off_count: 1, rep_count: tones };
    for command in [OsdpCommand::Led(led), OsdpCommand::Buzzer(buzzer)] {
        if let Err(error) = panel.send_command(READER, command) {
            tracing::debug!(?error, "a reader does not show a result");
        }
    }
}

/// The key of the secure channel, from the first file that exists.
pub(super) fn key(files: &[PathBuf]) -> Result<Zeroizing<[u8; 16]>, String> {
    let file =
        files.iter().find(|file| file.exists()).ok_or("the reader has no key yet: run `vestibule reader pair`")?;
    let text = fs::read(file).map(Zeroizing::new).map_err(|error| format!("`{}`: {error}", file.display()))?;
    hex::decode(text.trim_ascii()).ok_or_else(|| format!("`{}` is not a key of 32 hexadecimal digits", file.display()))
}

/// How pairing a reader ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// The reader has taken the key, and answers with it.
    Done,
    /// The reader is not in install mode, does not answer, or did not take the key.
    NoAnswer,
}

/// Gives a reader in install mode its key, and proves that it uses it.
///
/// # Errors
///
/// When the serial line cannot be used.
pub fn pair(device: &Path, address: u8, baud: u32, key: &[u8; 16]) -> Result<Pairing, String> {
    let line = Line { device, address, baud };
    // With a reader in install mode, libosdp makes a channel with the key that all readers leave the factory with, sends
    // ours through it, and goes on with that.
    let mut bus = Bus::open(line, key, true)?;
    if !until(&mut bus, line, Bus::is_secure)? {
        return Ok(Pairing::NoAnswer);
    }
    let began = now();
    while now().saturating_duration_since(began) < SETTLED {
        bus.drive(line)?;
    }
    drop(bus);
    let is_paired = until(&mut Bus::open(line, key, false)?, line, Bus::is_secure)?;
    Ok(if is_paired { Pairing::Done } else { Pairing::NoAnswer })
}

fn until(bus: &mut Bus, line: Line<'_>, is_so: fn(&Bus) -> bool) -> Result<bool, String> {
    let began = now();
    while now().saturating_duration_since(began) < PAIRING {
        bus.drive(line)?;
        if is_so(bus) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[expect(clippy::disallowed_methods, reason = "how long a reader is silent is measured where it is read")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_of_26_bits_are_read_with_their_parity_and_others_by_their_bytes() {
        let uid = UidForm { is_decimal: false, is_reversed: false };
        let bits: u32 = (188 << 17) | (24_910 << 1);
        let parity = |bits: u32| {
            let even = u32::from(!((bits >> 13) & 0xfff).count_ones().is_multiple_of(2));
            let odd = u32::from(((bits >> 1) & 0xfff).count_ones().is_multiple_of(2));
            (bits & 0x01ff_fffe) | (even << 25) | odd
        };
        let card = |bits: u32| OsdpEventCardRead::new_wiegand(26, (bits << 6).to_be_bytes().to_vec()).unwrap();
        assert_eq!(number(&card(parity(bits)), uid), Read::Wiegand(188, 24_910));
        for bit in 0..26 {
            assert_eq!(number(&card(parity(bits) ^ (1 << bit)), uid), Read::Garbled, "bit {bit} is wrong");
        }
        let raw = |data: &[u8]| number(&OsdpEventCardRead::new_raw(data.to_vec()), uid);
        assert_eq!(raw(&[0x04, 0xab, 0x12, 0xff]), Read::Number("04AB12FF".to_owned()));
        assert_eq!(raw(&[0x04, 0xab, 0x12]), Read::Garbled);
    }
}
