//! Checksums: from the text forms of three registries to an algorithm and bytes.

use gleaner_model::Artifact;

/// An artifact with a hexadecimal checksum; without one if the text is none.
pub(crate) fn hex_artifact(name: &str, algorithm: &str, digits: Option<&str>) -> Artifact {
    match digits.and_then(hex) {
        Some(checksum) => Artifact { name: name.to_owned(), algorithm: algorithm.to_owned(), checksum },
        None => Artifact { name: name.to_owned(), algorithm: String::new(), checksum: Vec::new() },
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
    Some(Artifact { name: String::new(), algorithm: algorithm.to_owned(), checksum })
}

/// Bytes of an even number of hexadecimal digits; none for anything else or for nothing.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| (b as char).to_digit(16).and_then(|value| u8::try_from(value).ok());
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Bytes of standard base64 (RFC 4648), padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for b in text.bytes() {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).expect("eight bits"));
        }
    }
    // Six bits over are a lone digit, which no encoder writes.
    (held < 6 && !bytes.is_empty()).then_some(bytes)
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
