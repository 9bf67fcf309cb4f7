//! Where a crate's index file lies below the base URL.

/// What the index is asked for. The protocol names no media type.
pub(crate) const ACCEPT: &str = "*/*";

/// `1/a`, `2/ab`, `3/a/abc`, else `ab/cd/abcd`, all in lower case.
pub(crate) fn path(name: &str) -> String {
    // Crate names are ASCII, so every byte is a character.
    let name = name.to_ascii_lowercase();
    match name.len() {
        0..=2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}
