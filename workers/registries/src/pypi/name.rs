//! One project, many spellings.

/// The normal form (PEP 503): lower case, each run of `.`, `-` and `_` one `-`.
pub(crate) fn normalise(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    normal.extend(letters(name));
    normal
}

/// Is `name` a spelling of the project with this normal form? Allocates nothing: it is asked for every file.
pub(crate) fn is_spelling_of(name: &str, normal: &str) -> bool {
    // Most names of files begin with the normal form itself, or with `_` in place of `-`.
    let like = |(a, b): (u8, u8)| a == b || (a == b'_' && b == b'-');
    (name.len() == normal.len() && name.bytes().zip(normal.bytes()).all(like)) || letters(name).eq(normal.chars())
}

/// The characters of the normal form.
fn letters(name: &str) -> impl Iterator<Item = char> {
    let mut after_mark = false;
    name.chars().filter_map(move |c| {
        let mark = matches!(c, '-' | '_' | '.');
        let skip = mark && after_mark;
        after_mark = mark;
        if skip { None } else { Some(if mark { '-' } else { c.to_ascii_lowercase() }) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_share_a_normal_form() {
        for name in ["Typing_Extensions", "typing.extensions", "TYPING-_.extensions"] {
            assert_eq!(normalise(name), "typing-extensions");
            assert!(is_spelling_of(name, "typing-extensions"));
        }
        assert!(!is_spelling_of("typing__extension", "typing-extensions"));
        assert!(!is_spelling_of("typing", "typing-extensions"));
        assert!(!is_spelling_of("typing-extensions-more", "typing-extensions"));
    }
}
