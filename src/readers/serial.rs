//! Serial readers: a line of text for each card, ended by a carriage return, a line feed, the control character ETX, or
//! silence.

use std::{io::ErrorKind, path::Path, time::Duration};

use serial2::SerialPort;

use super::{Desk, Ends, PATIENCE, QUICK, line::Line, unopened};

/// Control characters that frame a line on some readers.
const STX: u8 = 2;
const ETX: u8 = 3;
/// A line without an end is over after this many times [`QUICK`] without a byte.
const SILENT: u32 = 7;

/// Reads lines until the port is lost. Returns why.
pub(super) fn read(device: &Path, baud: u32, end: Ends, desk: &Desk) -> Result<(), String> {
    let mut port = open(device, baud, QUICK)?;
    skip_started_line(&mut port, device, desk)?;
    desk.works();
    let (mut line, mut silent, mut bytes) = (Line::default(), 0, [0; 256]);
    // A port that ends its lines has cut one short if it falls silent in its middle.
    let mut may_end_silently = end.with_silence.is_some();
    while !desk.is_ended() {
        let patience = if line.is_empty() { PATIENCE } else { QUICK };
        port.set_read_timeout(patience).map_err(|error| lost(device, &error))?;
        let count = read_some(&mut port, &mut bytes, device)?;
        silent = if count == 0 { silent + 1 } else { 0 };
        for byte in bytes.iter().take(count) {
            let ends = match byte {
                b'\r' | b'\n' | &ETX => end.with_enter,
                b'\t' => end.with_tab,
                _ => false,
            };
            match byte {
                _ if ends => {
                    may_end_silently = false;
                    line.end().into_iter().for_each(|read| desk.scan(read));
                }
                // What came before it was noise.
                &STX => line.clear(),
                0x20..=0x7e => line.push(Some(char::from(*byte))),
                _ => line.push(None),
            }
        }
        if SILENT <= silent && !line.is_empty() {
            if !may_end_silently {
                line.push(None);
            }
            line.end().into_iter().for_each(|read| desk.scan(read));
        }
    }
    Ok(())
}

/// Waits until the line is silent: what comes at once may be the end of a number whose beginning was not heard.
fn skip_started_line(port: &mut SerialPort, device: &Path, desk: &Desk) -> Result<(), String> {
    let (mut silent, mut bytes) = (0, [0; 256]);
    while silent < SILENT && !desk.is_ended() {
        silent = if read_some(port, &mut bytes, device)? == 0 { silent + 1 } else { 0 };
    }
    Ok(())
}

/// Reads what is there, within the port's timeout.
fn read_some(port: &mut SerialPort, bytes: &mut [u8], device: &Path) -> Result<usize, String> {
    match port.read(bytes) {
        // What an unplugged port reads.
        Ok(0) => Err(format!("`{}` was unplugged", device.display())),
        Ok(count) => Ok(count),
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(0)
        }
        Err(error) => Err(lost(device, &error)),
    }
}

fn lost(device: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", device.display())
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
