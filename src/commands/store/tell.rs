//! What a check finds, told as it comes: flaws at once, tables and the verdict when everything was read.

use std::ops::ControlFlow;

use gleaner_store::Finding;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, or_dash};

/// Says where a command is, on a terminal only.
pub(super) fn spinner(output: Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is a constant");
    ProgressBar::new_spinner().with_style(style)
}

/// Gathers a check's findings.
pub(super) struct Teller {
    output: Output,
    spinner: ProgressBar,
    tables: Vec<[String; 3]>,
    flaws: u64,
    /// Why nothing more can be said.
    failed: Option<Failure>,
}

#[derive(Serialize)]
struct TableRow<'a> {
    table: &'a str,
    values: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct FlawRow<'a> {
    table: &'a str,
    key: &'a str,
    flaw: &'a str,
}

#[derive(Serialize)]
struct Verdict {
    sound: bool,
    flaws: u64,
    was_closed: Option<bool>,
}

impl Teller {
    pub(super) fn new(output: Output) -> Self {
        Self { output, spinner: spinner(output), tables: Vec::new(), flaws: 0, failed: None }
    }

    /// Takes what a check in this process tells; breaks if it cannot be passed on.
    pub(super) fn hear(&mut self, finding: Finding) -> ControlFlow<()> {
        let said = match finding {
            Finding::Progress { table, values, bytes } => {
                self.progress(table, values, bytes);
                Ok(())
            }
            Finding::Flaw { table, key, flaw } => self.flaw(table, &key, &flaw),
            Finding::Table { table, values, bytes } => self.table(table, values, bytes),
        };
        match said {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                self.failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    }

    pub(super) fn progress(&self, table: &str, values: u64, bytes: u64) {
        self.spinner.set_message(format!("{table}: {} values, {}", HumanCount(values), HumanBytes(bytes)));
        self.spinner.tick();
    }

    pub(super) fn flaw(&mut self, table: &str, key: &str, flaw: &str) -> Result<(), Failure> {
        self.flaws += 1;
        self.output.object(&FlawRow { table, key, flaw })?;
        self.output.say(format!("damaged: {table} {}: {flaw}", or_dash(key)))
    }

    pub(super) fn table(&mut self, table: &str, values: u64, bytes: u64) -> Result<(), Failure> {
        self.tables.push([table.to_owned(), values.to_string(), bytes.to_string()]);
        self.output.object(&TableRow { table, values, bytes })
    }

    /// Everything was read; `was_closed` is known of a stopped store only.
    pub(super) fn end(self, was_closed: Option<bool>) -> Result<Exit, Failure> {
        let Self { output, spinner, tables, flaws, failed } = self;
        spinner.finish_and_clear();
        if let Some(failure) = failed {
            return Err(failure);
        }
        output.table(["table", "values", "bytes"], tables)?;
        let sound = flaws == 0;
        output.object(&Verdict { sound, flaws, was_closed })?;
        output.say(match flaws {
            0 => "the store is sound".to_owned(),
            1 => "the store is damaged: one flaw".to_owned(),
            flaws => format!("the store is damaged: {flaws} flaws"),
        })?;
        if was_closed == Some(false) {
            output.say(
                "it was not closed properly: the next scheduler reads all of it when it starts, and loses nothing",
            )?;
        }
        Ok(if sound { Exit::Done } else { Exit::No })
    }
}
