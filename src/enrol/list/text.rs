//! Turns the bytes of a list into text: UTF-8, UTF-16, or an older encoding that the caller names.

use encoding_rs::{MACINTOSH, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// An encoding that a file does not announce by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8, or UTF-16 with a byte order mark.
    #[default]
    Unicode,
    /// Excel for Windows, "CSV (comma delimited)", in Western Europe and America.
    Windows1252,
    /// Excel for Mac, "Comma Separated Values".
    MacRoman,
}

/// Why bytes are not text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A workbook, not a list.
    #[error("this is an Excel workbook: save it as \"CSV UTF-8\"")]
    Workbook,
    /// UTF-16 that ends within a character or has an unpaired surrogate.
    #[error("the UTF-16 text is damaged: save the list as \"CSV UTF-8\"")]
    Utf16,
    /// UTF-8, although another encoding was named.
    #[error("the list is UTF-8 text: leave out --encoding")]
    IsUtf8,
    /// Zero bytes, which no list has: UTF-16 without a byte order mark, or another kind of file.
    #[error("line {line} holds zero bytes, as UTF-16 without a byte order mark does: save the list as \"CSV UTF-8\"")]
    Zero {
        /// Line in the file, from 1.
        line: usize,
    },
    /// Not UTF-8.
    #[error(
        "line {line} is not UTF-8 text: save the list as \"CSV UTF-8\", or pass --encoding windows-1252 (it reads \
         `{windows}`) or --encoding macroman (it reads `{mac}`)"
    )]
    NotUnicode {
        /// Line in the file, from 1.
        line: usize,
        /// The line's beginning in Windows-1252.
        windows: String,
        /// The line's beginning in `MacRoman`.
        mac: String,
    },
}

/// Characters of a line that an error shows.
const SHOWN: usize = 60;

/// Decodes a file, and turns every line end into a line feed.
///
/// # Errors
///
/// When the bytes are not text in this encoding.
///
/// # Source
///
/// Excel for Windows and Mac, `PowerShell` 5.1 and `LibreOffice`: the encodings and line ends of files as they save them.
pub fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, Error> {
    const ZIP: &[u8] = b"PK\x03\x04";
    const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    if bytes.starts_with(ZIP) || bytes.starts_with(OLE) {
        return Err(Error::Workbook);
    }
    let utf16 = match bytes {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    };
    let text = match (utf16, encoding) {
        (Some(utf16), _) => utf16.decode_without_bom_handling_and_without_replacement(bytes).ok_or(Error::Utf16)?,
        (None, _) if bytes.contains(&0) => {
            let line = 1 + bytes.iter().take_while(|byte| **byte != 0).filter(|byte| **byte == b'\n').count();
            return Err(Error::Zero { line });
        }
        (None, Encoding::Unicode) => std::str::from_utf8(bytes).map_err(|_| not_unicode(bytes))?.into(),
        // A byte order mark says more about a file than an argument.
        (None, _) if bytes.starts_with("\u{feff}".as_bytes()) => {
            std::str::from_utf8(bytes).map_err(|_| not_unicode(bytes))?.into()
        }
        (None, _) if !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() => return Err(Error::IsUtf8),
        (None, Encoding::Windows1252) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        (None, Encoding::MacRoman) => MACINTOSH.decode_without_bom_handling(bytes).0,
    };
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    // DOS programs end a text file with Ctrl-Z.
    let text = text.strip_suffix('\u{1a}').unwrap_or(&text).to_owned();
    match text.split('\n').position(|line| line.contains('\0')) {
        Some(at) => Err(Error::Zero { line: at + 1 }),
        None => Ok(text),
    }
}

/// Names the first line that is not UTF-8, and shows both readings of it.
fn not_unicode(bytes: &[u8]) -> Error {
    let mut lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    // An empty piece lies between the CR and the LF of one line end.
    let pairs = |until: usize| bytes.get(..until).unwrap_or_default().windows(2).filter(|two| two == b"\r\n").count();
    let (at, wrong) =
        lines.by_ref().enumerate().find(|(_, line)| std::str::from_utf8(line).is_err()).unwrap_or_default();
    let offset = wrong.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
    let read = |encoding: &'static encoding_rs::Encoding| {
        encoding.decode_without_bom_handling(wrong).0.chars().take(SHOWN).collect()
    };
    Error::NotUnicode { line: at + 1 - pairs(offset), windows: read(WINDOWS_1252), mac: read(MACINTOSH) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], encoding: Encoding, expected: Result<&str, &str>) {
        let decoded = decode(bytes, encoding).map_err(|error| error.to_string());
        match expected {
            Ok(text) => assert_eq!(decoded.as_deref(), Ok(text)),
            Err(part) => assert!(decoded.as_ref().is_err_and(|why| why.contains(part)), "{decoded:?}"),
        }
    }

    #[test]
    fn files_are_read_as_programs_save_them() {
        check("\u{feff}Müller\r\n".as_bytes(), Encoding::Unicode, Ok("Müller\n"));
        check("\u{feff}\u{feff}Müller".as_bytes(), Encoding::Unicode, Ok("Müller"));
        check(b"\xff\xfeM\0\xfc\0\r\0\n\0", Encoding::Unicode, Ok("Mü\n"));
        check(b"\xfe\xff\0M\0\xfc", Encoding::Windows1252, Ok("Mü"));
        check(b"M\xfcller\r\nx\n", Encoding::Windows1252, Ok("Müller\nx\n"));
        check(b"M\x9fller\rPr\x8enom\r", Encoding::MacRoman, Ok("Müller\nPrénom\n"));
        check("\u{feff}Müller".as_bytes(), Encoding::Windows1252, Ok("Müller"));
        check(b"a,b\n\x1a", Encoding::Unicode, Ok("a,b\n"));
        check(b"", Encoding::Unicode, Ok(""));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_line_and_remedy() {
        check(b"a\r\nb\r\nM\xfcller\r\n", Encoding::Unicode, Err("line 3 is not UTF-8 text"));
        check(b"a\rM\x9fller\r", Encoding::Unicode, Err("line 2"));
        check(b"M\xfcller", Encoding::Unicode, Err("--encoding windows-1252 (it reads `Müller`)"));
        check(b"M\x9fller", Encoding::Unicode, Err("--encoding macroman (it reads `Müller`)"));
        check(b"PK\x03\x04....", Encoding::Unicode, Err("Excel workbook"));
        check(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Encoding::Windows1252, Err("Excel workbook"));
        check(b"V\0o\0r\0\n\0", Encoding::Unicode, Err("line 1 holds zero bytes"));
        check(b"V\0\xfc\0r\0\n\0", Encoding::Unicode, Err("line 1 holds zero bytes"));
        check("J\u{fc}rgen".as_bytes(), Encoding::MacRoman, Err("leave out --encoding"));
        check(b"\xff\xfeM\0\xfc", Encoding::Unicode, Err("UTF-16 text is damaged"));
        check(b"\xff\xfe\x00\xd8A\0", Encoding::Unicode, Err("UTF-16 text is damaged"));
    }
}
