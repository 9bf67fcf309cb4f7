//! Checksums: from the text forms of three registries to an algorithm and bytes.

use gleaner_model::Artifact;

/// An artifact with a hexadecimal checksum; without one if the text is none.
pub(crate) fn hex_artifact(name: &str, algorithm: &str, digits: Option<&str>) -> Artifact {
    match digits.and_then(hex) {
        Some(checksum) => {
            Artifact { name: name.to_owned(), algorithm: algorithm.to_owned(), checksum, ..Artifact::default() }
        }
        None => Artifact { name: name.to_owned(), ..Artifact::default() },
    }
}

/// The strongest checksum of a Subresource Integrity text (<https://www.w3.org/TR/sri/>): `sha512-<base64>`, perhaps
/// several apart by white space, each perhaps with options after `?`.
pub(crate) fn integrity_artifact(text: &str) -> Option<Artifact> {
    let strength =
        |algorithm: &str| ["sha1", "sha256", "sha384", "sha512"].iter().position(|known| *known == algorithm);
    let parts = text.split_ascii_whitespace().filter_map(|part| {
        let (algorithm, rest) = part.split_once('-')?;
        let digits = rest.split('?').next().unwrap_or(rest);
        Some((strength(algorithm)?, algorithm, base64(digits)?))
    });
    let (_, algorithm, checksum) = parts.max_by_key(|(strength, ..)| *strength)?;
    Some(Artifact { algorithm: algorithm.to_owned(), checksum, ..Artifact::default() })
}

/// Not a digit.
const NONE: u8 = 0xff;

/// What each byte is worth as a hexadecimal digit.
const HEX: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit as usize] as usize] = digit;
        values[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};

/// What each byte is worth as a digit of standard base64 (RFC 4648).
const BASE64: [u8; 256] = {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < 64 {
        values[digits[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};

/// Bytes of an even number of hexadecimal digits; none for anything else or for nothing.
fn hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for pair in text.as_bytes().chunks_exact(2) {
        let (high, low) = (HEX[usize::from(pair[0])], HEX[usize::from(pair[1])]);
        if high == NONE || low == NONE {
            return None;
        }
        bytes.push(high << 4 | low);
    }
    Some(bytes)
}

/// Bytes of base64, padded or not. Every npm version has 86 such digits, so this goes four digits at a time.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4 + 3);
    for digits in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            let value = digits.get(at).map_or(0, |digit| BASE64[usize::from(*digit)]);
            if value == NONE {
                return None;
            }
            bits = bits << 6 | u32::from(value);
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    // The last digits are perhaps fewer than four: two make one byte, three make two, and one makes none.
    match text.len() % 4 {
        1 => return None,
        0 => {}
        digits => bytes.truncate(bytes.len() + digits - 4),
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hexadecimal() {
        assert_eq!(hex("00fF1a"), Some(vec![0x00, 0xff, 0x1a]));
        assert_eq!(hex("00f"), None);
        assert_eq!(hex("0g"), None);
        assert_eq!(hex(""), None);
        assert_eq!(hex_artifact("a", "sha256", Some("xyz")).algorithm, "");
    }

    #[test]
    fn reads_base64() {
        for (text, bytes) in [("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob")] {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(base64("Z"), None);
        assert_eq!(base64("Zm9v!"), None);
    }

    #[test]
    fn takes_the_strongest_checksum() {
        let artifact = integrity_artifact("sha1-Zm8= sha512-Zm9v?opt sha256-Zg== md5-Zg==").expect("known algorithms");
        assert_eq!((artifact.algorithm.as_str(), artifact.checksum.as_slice()), ("sha512", b"foo".as_slice()));
        assert_eq!(integrity_artifact("md5-Zg=="), None);
        assert_eq!(integrity_artifact("nonsense"), None);
    }
}
