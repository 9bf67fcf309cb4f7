//! A simulated upstream host: it answers, is slow, wants to be left alone, fails, or says nothing.

use crate::chance::Chance;

/// How a host behaves at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    /// 429, some with Retry-After.
    Throttling,
    /// 503.
    Failing,
    /// Connections hang.
    Silent,
}

/// What a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Good,
    NotFound,
    Throttled { retry_after_ms: Option<u64> },
    Failed,
    Silence,
}

/// How long a worker waits for an answer.
const PATIENCE_MS: u64 = 4_000;

impl Mood {
    pub(crate) fn any(chance: &mut Chance) -> Self {
        chance.pick(&[Self::Good, Self::Good, Self::Throttling, Self::Failing, Self::Silent])
    }

    /// The answer to a request, and how long it takes.
    pub(crate) fn answer(self, usual_ms: u64, chance: &mut Chance) -> (Answer, u64) {
        let after_ms = chance.pause(usual_ms) + 1;
        let answer = match self {
            Self::Good if chance.percent(4) => Answer::NotFound,
            Self::Good => Answer::Good,
            Self::Throttling if chance.percent(70) => {
                let retry_after_ms = chance.pick(&[None, Some(0), Some(1_000), Some(5_000), Some(20_000)]);
                Answer::Throttled { retry_after_ms }
            }
            Self::Throttling => Answer::Good,
            Self::Failing => Answer::Failed,
            Self::Silent => return (Answer::Silence, PATIENCE_MS),
        };
        (answer, after_ms)
    }
}
