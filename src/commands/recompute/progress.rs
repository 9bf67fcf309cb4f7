//! How far it is: a bar on stderr, on terminals only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// A bar, or words where nobody knows how much there is.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many roots, or of nobody knows how many.
    pub(super) fn of(roots: Option<usize>, output: Output) -> Self {
        let target = if output.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(roots.map(|roots| roots as u64), target);
        let template = match roots {
            Some(_) => "{bar:40} {pos}/{len} roots, {elapsed}",
            None => "{pos} roots, {msg}, {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many more have ended.
    pub(super) fn ended(&self, roots: usize) {
        self.0.inc(roots as u64);
    }

    /// So many are to be done once more.
    pub(super) fn more(&self, roots: usize) {
        self.0.inc_length(roots as u64);
    }

    /// So many have ended in all, and this is how it stands.
    pub(super) fn stands(&self, roots: u64, how: String) {
        self.0.set_position(roots);
        self.0.set_message(how);
    }

    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
