//! Positions in the catalogue's events, and the text in which they travel.
//!
//! An assignment states a position as a number: the events before it are those of lower numbers. `ReadEvents` takes
//! and gives cursors, texts of a form that the store documents (`gleaner_store::Cursor`): `e1`, then `.shard-number` for
//! each shard, both in hexadecimal, the number being the next one to read. A scheduler is one shard, and its number is 0.

/// The text for a position.
pub(super) fn cursor(position: u64) -> String {
    format!("e1.0-{position:x}")
}

/// The position that a text stands for; none if it is not of one shard.
pub(super) fn position(cursor: &str) -> Option<u64> {
    match cursor.strip_prefix("e1")? {
        "" => Some(0),
        rest => {
            let (_, number) = rest.strip_prefix('.')?.split_once('-')?;
            u64::from_str_radix(number, 16).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for at in [0, 1, 9, 10, 255, 4_096, u64::MAX] {
            assert_eq!(position(&cursor(at)), Some(at));
        }
        assert_eq!(cursor(31), "e1.0-1f", "as the store writes it");
        assert_eq!(position("e1"), Some(0), "a cursor that has read nothing");
    }

    #[test]
    fn what_is_no_cursor_of_one_shard_is_no_position() {
        for text in ["", "start", "e2.0-1", "e1.0", "e1.0-", "e1.0-x", "e1.0-1.1-2", "e1 0-1"] {
            assert_eq!(position(text), None, "{text}");
        }
    }
}
