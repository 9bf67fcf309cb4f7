//! A researcher's list of roots: one package URL a line.
//!
//! A list of a hundred thousand lines has a wrong one somewhere. That one is named, and the others go on.

use std::collections::HashSet;

use gleaner_model::Purl;

/// A line that is no root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    /// Counted from one.
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) why: String,
}

/// The roots in their order, each once, and the lines that are none. Empty lines are passed over, and so is what follows
/// a `#` at the beginning of a line or after a space.
pub(super) fn read(text: &str) -> (Vec<Purl>, Vec<BadLine>) {
    let (mut roots, mut bad, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (line, text) in (1..).zip(text.lines()) {
        let text = without_comment(text);
        if text.is_empty() {
            continue;
        }
        match text.parse::<Purl>() {
            Ok(purl) if seen.insert(purl.to_string()) => roots.push(purl),
            Ok(_) => {}
            Err(error) => bad.push(BadLine { line, text: text.to_owned(), why: error.to_string() }),
        }
    }
    (roots, bad)
}

/// A purl may have a `#` in it, but never a space.
fn without_comment(line: &str) -> &str {
    let end = if line.trim_start().starts_with('#') { 0 } else { line.find(" #").unwrap_or(line.len()) };
    line[..end].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_lines_are_named_and_the_others_go_on() {
        let text = "# mine\npkg:cargo/serde\r\n\n  pkg:npm/%40types/node@20.1.0  # a type\nserde\npkg:gem/rails\n\
                    pkg:cargo/serde\n\u{feff}pkg:pypi/flask";
        let (roots, bad) = read(text);
        let roots: Vec<_> = roots.iter().map(ToString::to_string).collect();
        assert_eq!(roots, ["pkg:cargo/serde", "pkg:npm/%40types/node@20.1.0"]);
        let bad: Vec<_> = bad.iter().map(|bad| (bad.line, bad.text.as_str())).collect();
        assert_eq!(bad, [(5, "serde"), (6, "pkg:gem/rails"), (8, "\u{feff}pkg:pypi/flask")]);
        assert_eq!(read(""), (vec![], vec![]));
    }
}
