//! Words about attempts that are not here yet.

use std::collections::VecDeque;

use gleaner_model::Attempt;

/// How many are remembered: some times as many as a scheduler prepares at once. They are forgotten oldest first, since
/// most are about attempts that ended a moment ago and will not come. One that was forgotten too soon costs little: the
/// attempt runs, and is told again when it asks for its next permit.
const REMEMBERED: usize = 256;

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Suspend,
    Cancel,
}

/// The last word about each.
#[derive(Debug, Default)]
pub(super) struct Early(VecDeque<(Attempt, Word)>);

impl Early {
    pub(super) fn note(&mut self, attempt: Attempt, word: Word) {
        self.take(attempt);
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((attempt, word));
    }

    pub(super) fn take(&mut self, attempt: Attempt) -> Option<Word> {
        let at = self.0.iter().rposition(|(about, _)| *about == attempt)?;
        self.0.remove(at).map(|(_, word)| word)
    }
}
