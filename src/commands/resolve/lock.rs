//! Where a lock file goes.

use std::path::PathBuf;

/// A place for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// Standard output.
    Shown,
    /// A file.
    File(PathBuf),
}

/// The purl and the place. The command line reads `--lock pkg:cargo/serde` as if the purl were the file's name.
pub(super) fn apart<'a>(purl: Option<&'a str>, lock: Option<&'a str>) -> (Option<&'a str>, Option<Lock>) {
    match lock {
        Some(text) if purl.is_none() && text.starts_with("pkg:") => (Some(text), Some(Lock::Shown)),
        Some("-") => (purl, Some(Lock::Shown)),
        Some(path) => (purl, Some(Lock::File(path.into()))),
        None => (purl, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purl_is_no_file() {
        let purl = Some("pkg:cargo/serde");
        assert_eq!(apart(purl, None), (purl, None));
        assert_eq!(apart(purl, Some("-")), (purl, Some(Lock::Shown)));
        assert_eq!(apart(None, purl), (purl, Some(Lock::Shown)));
        assert_eq!(apart(purl, Some("Cargo.lock")), (purl, Some(Lock::File("Cargo.lock".into()))));
        assert_eq!(apart(None, Some("Cargo.lock")), (None, Some(Lock::File("Cargo.lock".into()))));
    }
}
