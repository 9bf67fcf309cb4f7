//! What goes to stdout: one JSON object a line for programs, tables and sentences for people. Everything else (logs,
//! progress, errors) goes to stderr.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use gleaner_model::Timestamp;
use serde::Serialize;

use crate::exit::Failure;

/// Where a command's answer goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON object a line instead of words for people.
    pub(crate) json: bool,
}

impl Output {
    /// Prints one object, if programs read.
    pub(crate) fn object(self, object: &impl Serialize) -> Result<(), Failure> {
        if self.json { line(&serde_json::to_string(object).map_err(Failure::failed)?) } else { Ok(()) }
    }

    /// Prints a line, if people read.
    pub(crate) fn say(self, text: impl AsRef<str>) -> Result<(), Failure> {
        if self.json { Ok(()) } else { line(text.as_ref()) }
    }

    /// Prints a table, if people read; nothing at all if it has no rows.
    pub(crate) fn table<const N: usize>(
        self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
        table.add_rows(rows);
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        if table.is_empty() { Ok(()) } else { line(&trimmed(&table.to_string())) }
    }
}

/// Prints a line. A reader that went away (`| head`) is a normal end of talking.
fn line(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(Failure::from),
    }
}

/// Tables without the spaces that pad the last column.
fn trimmed(table: &str) -> String {
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A wire time as text; nothing for "never".
pub(crate) fn time(at_ms: i64) -> Option<String> {
    (at_ms != 0).then(|| Timestamp::from_millis(at_ms).to_string())
}

/// The same for people, to the second.
pub(crate) fn time_for_people(at_ms: i64) -> String {
    match time(at_ms / 1_000 * 1_000) {
        Some(time) => time.replace('T', " ").trim_end_matches('Z').to_owned(),
        None => "-".to_owned(),
    }
}

/// A length of time for people.
pub(crate) fn duration_for_people(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// A text for people, where an empty one would leave a hole.
pub(crate) fn or_dash(text: impl Into<String>) -> String {
    let text = text.into();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// An empty text is no text, for programs.
pub(crate) fn not_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
