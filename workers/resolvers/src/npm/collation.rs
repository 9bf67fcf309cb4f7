//! The order of texts in English (`localeCompare`), which npm sorts names and paths by.
//!
//! Marks come before digits, digits before letters, and case counts only where all else is equal, small letters first:
//! the root order of the Unicode Collation Algorithm, which has no exception for English. Names in the registry are
//! ASCII; other characters come behind the letters here, by their numbers, which is not exactly that order.

/// ASCII in its order, capitals left out. Control characters but white space do not count at all.
const ORDER: &str = "\t\n\u{b}\u{c}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";

const RANKS: [u8; 128] = ranks();

const fn ranks() -> [u8; 128] {
    // Two is the lowest rank: nothing and the mark between the levels come before it.
    let (mut ranks, order, mut at, mut rank) = ([0; 128], ORDER.as_bytes(), 0, 2);
    while at < order.len() {
        ranks[order[at] as usize] = rank;
        ranks[order[at].to_ascii_uppercase() as usize] = rank;
        at += 1;
        rank += 1;
    }
    ranks
}

/// Appends the ranks of a text's letters, whatever their case.
pub(super) fn push_ranks(text: &str, key: &mut Vec<u8>) {
    for c in text.chars() {
        match RANKS.get(c as usize) {
            Some(0) => {}
            Some(rank) => key.push(*rank),
            None => {
                let [_, high, middle, low] = u32::from(c).to_be_bytes();
                // Behind all letters, in more than one byte, none of which is too low.
                key.extend([
                    0xf0 | (high & 0x1f),
                    2 + (middle >> 4),
                    2 + (middle & 15),
                    2 + (low >> 4),
                    2 + (low & 15),
                ]);
            }
        }
    }
}

/// Appends the case of each of a text's letters.
pub(super) fn push_cases(text: &str, key: &mut Vec<u8>) {
    let counted = text.chars().filter(|c| RANKS.get(*c as usize) != Some(&0));
    key.extend(counted.map(|c| 1 + u8::from(c.is_ascii_uppercase())));
}

/// Has it letters of which the case counts?
pub(super) fn has_capitals(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_uppercase())
}

/// A key that sorts as bytes where the text would sort as English.
pub(super) fn key(text: &str) -> Box<[u8]> {
    let mut key = Vec::with_capacity(text.len());
    push_ranks(text, &mut key);
    if has_capitals(text) {
        key.push(1);
        push_cases(text, &mut key);
    }
    key.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_in_the_order_of_english() {
        // As Node's `localeCompare` with `en` has them.
        let sorted = [
            "",
            "_a",
            "-a",
            "@a/b",
            "@a/b/node_modules/c",
            "@a-b/c",
            "@ab",
            "0",
            "10",
            "9",
            "a",
            "A",
            "a_b",
            "a-b",
            "a.b",
            "a/b",
            "aa",
            "aA",
            "Aa",
            "ab",
            "b",
            "B",
            "ba",
            "JSONStream",
            "jsonstream2",
            "z",
        ];
        let mut by_key = sorted;
        by_key.sort_by_key(|text| key(text));
        // `@a-b` comes before `@a/b`, as marks have their order too.
        let mut expected = sorted;
        expected[3..6].copy_from_slice(&["@a-b/c", "@a/b", "@a/b/node_modules/c"]);
        assert_eq!(by_key, expected);
    }
}
