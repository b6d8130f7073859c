//! Hexadecimal encoding and decoding. The results are wiped on drop, because they may be keys.

use zeroize::Zeroizing;

/// Encodes bytes as lower-case digits. The text is wiped on drop, because the bytes may be a key.
pub fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

/// Decodes exactly `N` bytes, in either case. `None` for any other text.
pub fn decode<const N: usize>(text: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Zeroizing::new([0; N]);
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_a_round_trip_and_other_text_is_rejected() {
        assert_eq!(*encode(&[0x00, 0xab, 0x7f]), "00ab7f");
        assert_eq!(*decode::<3>(b"00aB7f").unwrap(), [0x00, 0xab, 0x7f]);
        assert_eq!(decode::<3>(b"00ab7"), None);
        assert_eq!(decode::<1>(b"g0"), None);
    }
}
