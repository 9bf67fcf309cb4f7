//! Commands that ask a scheduler something: the one at `--server`, or one in this process on the data directory.

use clap::Args;

use crate::data::DataArgs;
use crate::exit::Failure;
use crate::node::{Local, LocalOptions};
use crate::remote::{Remote, RemoteArgs};

/// Where to ask.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReaderArgs {
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// A scheduler to ask, kept as long as it is needed.
pub(crate) struct Reader {
    pub(crate) remote: Remote,
    local: Option<Local>,
}

impl Reader {
    /// Connects, or opens the data directory without crawling anything.
    pub(crate) async fn open(args: &ReaderArgs) -> Result<Self, Failure> {
        if let Some(url) = &args.remote.server {
            return Ok(Self { remote: Remote::connect(url, &args.remote).await?, local: None });
        }
        let data = args.data.existing()?;
        let options = LocalOptions { data: &data, registries: Vec::new(), decisions: Default::default(), worker: None };
        let local = Local::start(options).await?;
        let remote = Remote::connect(&local.url(), &RemoteArgs::default()).await?;
        Ok(Self { remote, local: Some(local) })
    }

    pub(crate) async fn close(self) {
        if let Some(local) = self.local {
            local.stop().await;
        }
    }
}
