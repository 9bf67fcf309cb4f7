//! The decisions on record have one form, so that they can be found and reversed.

use std::collections::BTreeSet;

use super::files::{all, text};

const HEADINGS: &[&str] = &["## Status", "## Context", "## Decision", "## Consequences"];

#[test]
fn every_decision_record_has_its_number_and_headings() {
    let mut numbers = BTreeSet::new();
    for file in all().iter().filter(|file| file.starts_with("docs/adr")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let (number, title) = name.split_once('-').unwrap_or_else(|| panic!("{name} is not NNNN-title.md"));
        assert!(number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()), "{name} is not NNNN-title.md");
        assert!(title.ends_with(".md"), "{name} is not NNNN-title.md");
        assert!(numbers.insert(number.to_owned()), "two records have the number {number}");
        let text = text(file);
        assert!(text.starts_with("# "), "{name} has no title");
        let mut rest = text.as_str();
        for heading in HEADINGS {
            let found = rest.find(&format!("\n{heading}\n"));
            let at = found.unwrap_or_else(|| panic!("{name} lacks `{heading}`, or has it out of order"));
            rest = &rest[at + 1..];
        }
    }
}
