//! The history as text, if somebody wants to read it. Histories are told only on request: telling costs more than
//! living them.

/// The lines of a history.
#[derive(Debug, Default)]
pub(crate) struct Story {
    lines: Option<Vec<String>>,
}

impl Story {
    pub(crate) fn new(told: bool) -> Self {
        Self { lines: told.then(Vec::new) }
    }

    pub(crate) const fn is_told(&self) -> bool {
        self.lines.is_some()
    }

    pub(crate) fn add(&mut self, line: String) {
        if let Some(lines) = &mut self.lines {
            lines.push(line);
        }
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// Adds a line, which is put together only if the history is told.
#[macro_export]
macro_rules! tell {
    ($story:expr, $at_ms:expr, $($line:tt)*) => {
        if $story.is_told() {
            let line = format!($($line)*);
            $story.add(format!("{:>8} {line}", $at_ms));
        }
    };
}
