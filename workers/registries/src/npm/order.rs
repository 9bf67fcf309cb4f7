//! Semantic versions, as node-semver reads and orders them.

use deno_semver::Version;

use crate::order::Order;

/// npm's rule; build metadata does not count.
pub(crate) struct NpmOrder;

impl Order for NpmOrder {
    type Key = Version;

    fn key(number: &str) -> Option<Self::Key> {
        plain(number).or_else(|| Version::parse_from_npm(number).ok())
    }

    fn is_prerelease(key: &Self::Key) -> bool {
        !key.pre.is_empty()
    }
}

/// Nearly all numbers are three plain ones, which need no general parser; anything else is left to that.
fn plain(number: &str) -> Option<Version> {
    let mut parts = number.split('.').map(|part| {
        let digits = (1..=15).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let padded = part.len() > 1 && part.starts_with('0');
        if digits && !padded { part.parse::<u64>().ok() } else { None }
    });
    let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next()??);
    let (pre, build) = Default::default();
    parts.next().is_none().then_some(Version { major, minor, patch, pre, build })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_agrees_with_the_long_one() {
        for number in ["0.0.0", "1.2.3", "10.20.30", "999999999999999.0.1"] {
            assert_eq!(plain(number), Version::parse_from_npm(number).ok(), "{number}");
        }
        for number in ["", "1.2", "1.2.3.4", "01.2.3", "1.2.3-a", "v1.2.3", "1..3", "1.2.x", "9999999999999999999.0.0"]
        {
            assert_eq!(plain(number), None, "{number}");
        }
    }
}
