//! Keys and values of tables in bytes of their own: numbers little-endian one after the other; texts and bytes as they
//! are; of a pair of texts the length of the first one (four bytes, little-endian) in front.

use redb::Value;

/// Something that can travel and is looked at where it arrives.
pub(super) trait Portable: Value {
    fn pack(value: &Self::SelfType<'_>) -> Vec<u8>;

    /// None if these bytes are none of it.
    fn unpack(bytes: &[u8]) -> Option<Self::SelfType<'_>>;
}

impl Portable for () {
    fn pack((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn unpack(bytes: &[u8]) -> Option<()> {
        bytes.is_empty().then_some(())
    }
}

impl Portable for u64 {
    fn pack(value: &u64) -> Vec<u8> {
        value.to_le_bytes().into()
    }

    fn unpack(bytes: &[u8]) -> Option<u64> {
        bytes.try_into().ok().map(u64::from_le_bytes)
    }
}

impl Portable for &'static [u8] {
    fn pack(value: &&[u8]) -> Vec<u8> {
        value.to_vec()
    }

    fn unpack(bytes: &[u8]) -> Option<&[u8]> {
        Some(bytes)
    }
}

impl Portable for &'static str {
    fn pack(value: &&str) -> Vec<u8> {
        value.as_bytes().to_vec()
    }

    fn unpack(bytes: &[u8]) -> Option<&str> {
        std::str::from_utf8(bytes).ok()
    }
}

impl<const N: usize> Portable for [u8; N] {
    fn pack(value: &[u8; N]) -> Vec<u8> {
        value.to_vec()
    }

    fn unpack(bytes: &[u8]) -> Option<[u8; N]> {
        bytes.try_into().ok()
    }
}

impl Portable for (u16, u64) {
    fn pack((shard, number): &(u16, u64)) -> Vec<u8> {
        [shard.to_le_bytes().as_slice(), &number.to_le_bytes()].concat()
    }

    fn unpack(bytes: &[u8]) -> Option<(u16, u64)> {
        let (shard, number) = bytes.split_first_chunk()?;
        Some((u16::from_le_bytes(*shard), u64::unpack(number)?))
    }
}

impl Portable for (i64, u8, u64) {
    fn pack((at, kind, key): &(i64, u8, u64)) -> Vec<u8> {
        [at.to_le_bytes().as_slice(), &[*kind], &key.to_le_bytes()].concat()
    }

    fn unpack(bytes: &[u8]) -> Option<(i64, u8, u64)> {
        let (at, rest) = bytes.split_first_chunk()?;
        let (kind, key) = rest.split_first()?;
        Some((i64::from_le_bytes(*at), *kind, u64::unpack(key)?))
    }
}

impl Portable for (&'static str, &'static str) {
    fn pack((first, second): &(&str, &str)) -> Vec<u8> {
        let length = u32::try_from(first.len()).expect("keys are far below four gigabytes");
        [length.to_le_bytes().as_slice(), first.as_bytes(), second.as_bytes()].concat()
    }

    fn unpack(bytes: &[u8]) -> Option<(&str, &str)> {
        let (length, texts) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (first, second) = texts.split_at_checked(length)?;
        Some((<&str>::unpack(first)?, <&str>::unpack(second)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_come_back_and_what_is_none_of_them_is_refused() {
        assert_eq!(<(i64, u8, u64)>::unpack(&<(i64, u8, u64)>::pack(&(-2, 1, u64::MAX))), Some((-2, 1, u64::MAX)));
        assert_eq!(<(u16, u64)>::unpack(&<(u16, u64)>::pack(&(3, 4))), Some((3, 4)));
        for pair in [("", ""), ("acme", ""), ("", "s"), ("åcme", "strøm")] {
            assert_eq!(<(&str, &str)>::unpack(&<(&str, &str)>::pack(&pair)), Some(pair));
        }
        assert_eq!(<[u8; 3]>::unpack(&[1, 2, 3]), Some([1, 2, 3]));
        assert_eq!(u64::unpack(&[0; 7]), None);
        assert_eq!(<(i64, u8, u64)>::unpack(&[0; 18]), None);
        assert_eq!(<(u16, u64)>::unpack(&[0]), None);
        assert_eq!(<&str>::unpack(&[0xFF]), None);
        assert_eq!(<(&str, &str)>::unpack(&[9, 0, 0, 0, b'a']), None);
        assert_eq!(<()>::unpack(&[0]), None);
    }
}
