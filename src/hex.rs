//! Hexadecimal encoding and decoding, in constant time. The results are wiped on drop, because they may be keys.

use zeroize::Zeroizing;

/// Encodes bytes as lower-case digits.
pub fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(base16ct::lower::encode_string(bytes))
}

/// Decodes exactly `N` bytes, in either case. `None` for any other text.
pub fn decode<const N: usize>(text: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    let decoded = base16ct::mixed::decode(text, &mut *bytes).ok()?.len();
    (decoded == N).then_some(bytes)
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
