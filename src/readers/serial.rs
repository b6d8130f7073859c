//! Serial readers: a line of text for each card, ended by a carriage return, a line feed, the control character ETX, or
//! silence.

use std::{io::ErrorKind, path::Path, time::Duration};

use serial2::SerialPort;

use super::{Desk, PATIENCE, QUICK, line::Line, unopened};

/// Control characters that frame a line on some readers.
const STX: u8 = 2;
const ETX: u8 = 3;
/// A line without an end is over after this many times [`QUICK`] without a byte.
const SILENT: u32 = 7;

/// Reads lines until the port is lost. Returns why.
pub(super) fn read(device: &Path, baud: u32, desk: &Desk) -> Result<(), String> {
    let mut port = open(device, baud, PATIENCE)?;
    desk.works();
    let (mut line, mut silent, mut bytes) = (Line::default(), 0, [0; 256]);
    while !desk.is_ended() {
        let patience = if line.is_empty() { PATIENCE } else { QUICK };
        port.set_read_timeout(patience).map_err(|error| format!("`{}`: {error}", device.display()))?;
        match port.read(&mut bytes) {
            // What an unplugged port reads.
            Ok(0) => return Err(format!("`{}` was unplugged", device.display())),
            Ok(count) => {
                silent = 0;
                for byte in bytes.iter().take(count) {
                    match byte {
                        b'\r' | b'\n' | &ETX => line.end().into_iter().for_each(|read| desk.scan(read)),
                        // What came before it was noise.
                        &STX => line.clear(),
                        0x20..=0x7e => line.push(Some(char::from(*byte))),
                        _ => line.push(None),
                    }
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                silent += 1;
                if SILENT <= silent && !line.is_empty() {
                    line.end().into_iter().for_each(|read| desk.scan(read));
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("`{}`: {error}", device.display())),
        }
    }
    Ok(())
}

/// Opens a serial port, raw, with 8 data bits and no parity.
pub(super) fn open(device: &Path, baud: u32, timeout: Duration) -> Result<SerialPort, String> {
    let failed = |error: std::io::Error| unopened(device, &error, "the kiosk's account must be in its group");
    let mut port = SerialPort::open(device, baud).map_err(failed)?;
    port.set_read_timeout(timeout).map_err(failed)?;
    // What was sent while nobody listened is not a scan of now.
    port.discard_input_buffer().map_err(failed)?;
    Ok(port)
}
