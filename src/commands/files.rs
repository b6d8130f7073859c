//! Files that commands read and write.

use std::{
    io::{self as std_io, Read, Write},
    path::Path,
};

use vestibule::private_files;

use super::{failure::Failure, io};

/// Whether a path is `-`, which stands for standard input or output.
pub(super) fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

/// Maximum size of an input, in bytes. Stops reading from endless devices. Our choice.
const LARGEST: u64 = 1 << 30;

/// Reads a file, or standard input for `-` and `/dev/stdin`.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if is_standard(file) || file == Path::new("/dev/stdin") {
        std_io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    let too_large = || std_io::Error::new(std_io::ErrorKind::FileTooLarge, "it is larger than 1 GiB");
    let read = read.and_then(|_| {
        if u64::try_from(bytes.len()).is_ok_and(|length| length == LARGEST) { Err(too_large()) } else { Ok(()) }
    });
    read.map_err(io(format!("`{}` cannot be read", file.display())))?;
    Ok(bytes)
}

/// Writes to standard output for `-`, otherwise to a new file. `what` names the content in an error.
pub(super) fn write(file: &Path, bytes: &[u8], what: &str) -> Result<(), Failure> {
    if !is_standard(file) {
        return write_new(file, bytes);
    }
    let mut standard = std_io::stdout().lock();
    let written = standard.write_all(bytes).and_then(|()| standard.flush());
    written.map_err(io(format!("{what} cannot be written")))
}

/// Writes a new file with mode 0600. Fails if it exists.
fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written =
        private_files::create_new(file).and_then(|mut out| out.write_all(bytes).and_then(|()| out.sync_all()));
    written.map_err(io(format!("`{}` cannot be written", file.display())))
}
