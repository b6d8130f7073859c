//! Finds out what protects the systemd credential with the device key, from the first bytes of the sealed file.

use std::path::Path;

use super::{Finding, Severity, finding};

/// File name of the sealed credential in `$CREDENTIALS_DIRECTORY`, where `vestibule-admin` copies it.
const BESIDE: &str = "vestibule.key.sealed";
/// The sealed credential itself, readable for root only.
const SEALED: &str = "/etc/credstore.encrypted/vestibule.key";

/// What a sealed credential is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// A TPM, with or without the host key.
    Tpm,
    /// The host key, a file on this machine's disk.
    Host,
    /// The null key, which protects nothing.
    Nothing,
}

/// The first 16 bytes of a sealed credential, by what seals it.
///
/// # Source
///
/// systemd, `src/shared/creds-util.h`: `CRED_AES256_GCM_BY_*`.
const KINDS: [(&[u8; 16], Bound); 9] = [
    (b"\x5a\x1c\x6a\x86\xdf\x9d\x40\x96\xb1\xd5\xa6\x5e\x08\x62\xf1\x9a", Bound::Host),
    (b"\x55\xb9\xed\x1d\x38\x59\x4d\x43\xa8\x31\x9d\x2e\xbb\x33\x2a\xc6", Bound::Host),
    (b"\x0c\x7c\xc0\x7b\x11\x76\x45\x91\x9c\x4b\x0b\xea\x08\xbc\x20\xfe", Bound::Tpm),
    (b"\xfa\xf7\xeb\x93\x41\xe3\x41\x2c\xa1\xa4\x36\xf9\x5a\x29\x36\x2f", Bound::Tpm),
    (b"\x93\xa8\x94\x09\x48\x74\x44\x90\x90\xca\xf2\xfc\x93\xca\xb5\x53", Bound::Tpm),
    (b"\xef\x4a\xc1\x36\x79\xa9\x48\x0e\xa7\xdb\x68\x89\x7f\x9f\x16\x5d", Bound::Tpm),
    (b"\xaf\x49\x50\xa8\x49\x13\x4e\xb1\xa7\x38\x46\x30\x4f\xf3\x0c\x05", Bound::Tpm),
    (b"\xad\xbc\x4c\xa3\xef\xb6\x42\x01\xba\x88\x1b\x6f\x2e\x40\x95\xea", Bound::Tpm),
    (b"\x05\x84\x69\xda\xf6\xf5\x43\x24\x80\x05\x49\xda\x0f\x8e\xa2\xfb", Bound::Nothing),
];

/// Checks what protects the credential that is open at this path.
pub(super) fn finding_of(open: &Path) -> Finding {
    let beside = open.with_file_name(BESIDE);
    let sealed = [beside.as_path(), Path::new(SEALED)].into_iter().find_map(|file| std::fs::read(file).ok());
    let Some(sealed) = sealed else {
        let text =
            "a systemd credential whose protection cannot be checked from here: run `vestibule-admin doctor` as root";
        return finding("device key", Severity::Warning, text);
    };
    match bound(&sealed) {
        Some(Bound::Tpm) => finding("device key", Severity::Well, "a systemd credential, bound to this machine's TPM"),
        Some(Bound::Host) => finding(
            "device key",
            Severity::Warning,
            "a systemd credential, bound to a key on this machine's disk and not to a TPM: a stolen disk includes both",
        ),
        Some(Bound::Nothing) => finding(
            "device key",
            Severity::Unwell,
            "a systemd credential with a null key, which protects nothing: create one with `systemd-creds encrypt \
             --with-key=auto` on a machine with a TPM or a persistent /var, then run `vestibule-admin rekey`",
        ),
        None => {
            finding("device key", Severity::Warning, "a systemd credential of a kind that this version does not know")
        }
    }
}

/// Decodes the first bytes of a sealed credential: Base64, with or without line breaks, as `systemd-creds encrypt` writes
/// it.
fn bound(sealed: &[u8]) -> Option<Bound> {
    let text: Vec<u8> = sealed.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(24).collect();
    let mut bytes = Vec::with_capacity(18);
    for four in text.chunks_exact(4) {
        let bits = four.iter().try_fold(0_u32, |bits, digit| Some(bits << 6 | sextet(*digit)?))?;
        bytes.extend_from_slice(bits.to_be_bytes().get(1..)?);
    }
    let kind = bytes.get(..16)?;
    KINDS.iter().find(|(known, _)| known.as_slice() == kind).map(|(_, bound)| *bound)
}

fn sextet(digit: u8) -> Option<u32> {
    Some(
        match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        }
        .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E35: the host and null samples are the first bytes of output of `systemd-creds encrypt --with-key=host` and
    /// `--with-key=null`.
    #[test]
    fn the_first_bytes_of_a_credential_say_what_it_is_bound_to() {
        assert_eq!(bound(b"WhxqhN+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAAC"), None, "one bit differs");
        assert_eq!(bound(b"Whxqht+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAAC"), Some(Bound::Host));
        assert_eq!(bound(b"BYRp2vb1QySABUnaD46i+yAAAAABAAAADAAAABAAAAC"), Some(Bound::Nothing));
        assert_eq!(bound(b"DHzAexF2RZGcSwvq\nCLwg/iAAAAABAAAADAAAABAAAAC"), Some(Bound::Tpm), "lines are joined");
        assert_eq!(bound(b""), None);
        assert_eq!(bound(b"not base64 at all, but long enough"), None);
    }
}
