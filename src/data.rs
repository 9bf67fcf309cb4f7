//! Where things are kept.

use std::path::PathBuf;

use clap::Args;
use etcetera::BaseStrategy;

use crate::exit::Failure;

/// The data directory.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataArgs {
    /// The data directory; by default `gleaner` in the user's data directory.
    #[arg(long, env = "GLEANER_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl DataArgs {
    /// The directory that was named, or the user's own.
    pub(crate) fn directory(&self) -> Result<PathBuf, Failure> {
        match &self.data {
            Some(data) => Ok(data.clone()),
            None => etcetera::choose_base_strategy()
                .map(|base| base.data_dir().join("gleaner"))
                .map_err(|_| Failure::usage("this user has no home directory; name one with --data DIR")),
        }
    }

    /// The same, if something was ever kept there.
    pub(crate) fn existing(&self) -> Result<PathBuf, Failure> {
        let data = self.directory()?;
        if data.join("gleaner.redb").exists() {
            Ok(data)
        } else {
            let shown = data.display();
            Err(Failure {
                exit: crate::exit::Exit::No,
                message: format!(
                    "there is no store in {shown}; name one with --data DIR or a scheduler with --server URL"
                ),
            })
        }
    }
}
