//! `gleaner campaigns add|list|pause|resume|cancel`.

use clap::{Args, Subcommand};
use gleaner_model::{CampaignState, Ecosystem, JobKind};
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, not_empty, or_dash, time, time_for_people};
use crate::reader::{Reader, ReaderArgs};
use crate::remote::Remote;

/// What to do with campaigns.
#[derive(Subcommand, Debug)]
pub(crate) enum CampaignsCommand {
    /// Refresh every known package of an ecosystem, or those whose names begin alike, a few at a time.
    Add(AddArgs),
    /// List campaigns.
    List(ListArgs),
    /// Let a campaign rest; its open jobs are done.
    Pause(NameArgs),
    /// Let a campaign go on where it rested.
    Resume(NameArgs),
    /// End a campaign and cancel its open jobs.
    Cancel(NameArgs),
}

/// Which packages.
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Its name: 1 to 64 of a-z 0-9 - _ .
    name: String,
    /// The ecosystem whose known packages are refreshed.
    #[arg(long, value_name = "NAME")]
    ecosystem: Ecosystem,
    /// Only packages whose names begin so, such as `@types/`.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    prefix: String,
    /// The registry to ask, if it is not the ecosystem's default one.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    from_registry: String,
    /// Most jobs of it that are open at once.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    window: u32,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Whose.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Those of all clients; for a client of the lane `internal`.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Which one.
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// Its name.
    name: String,
    /// Whose it is, if not the caller's own; for a client of the lane `internal`.
    #[arg(long, default_value = "", hide_default_value = true)]
    client: String,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Does it.
pub(crate) async fn run(command: &CampaignsCommand, output: Output) -> Result<Exit, Failure> {
    let args = match command {
        CampaignsCommand::Add(args) => &args.reader,
        CampaignsCommand::List(args) => &args.reader,
        CampaignsCommand::Pause(args) | CampaignsCommand::Resume(args) | CampaignsCommand::Cancel(args) => &args.reader,
    };
    let reader = Reader::open(args).await?;
    let result = act(&reader.remote, command, output).await;
    reader.close().await;
    result
}

async fn act(remote: &Remote, command: &CampaignsCommand, output: Output) -> Result<Exit, Failure> {
    let mut campaigns = remote.campaigns();
    let named = |args: &NameArgs| (args.name.clone(), args.client.clone());
    let changed = match command {
        CampaignsCommand::List(args) => {
            let request = v1::ListCampaignsRequest { all: args.all };
            let found = campaigns.list_campaigns(request).await?.into_inner().campaigns;
            if found.is_empty() {
                output.say("no campaigns")?;
            }
            found
        }
        CampaignsCommand::Add(args) => {
            let request = v1::AddCampaignRequest {
                name: args.name.clone(),
                ecosystem: args.ecosystem.to_string(),
                registry: args.from_registry.clone(),
                prefix: args.prefix.clone(),
                window: args.window,
                // Those with a question are begun by `gleaner recompute`.
                question: None,
            };
            campaigns.add_campaign(request).await?.into_inner().campaign.into_iter().collect()
        }
        CampaignsCommand::Pause(args) => {
            let (name, client) = named(args);
            let request = v1::PauseCampaignRequest { name, client };
            campaigns.pause_campaign(request).await?.into_inner().campaign.into_iter().collect()
        }
        CampaignsCommand::Resume(args) => {
            let (name, client) = named(args);
            let request = v1::ResumeCampaignRequest { name, client };
            campaigns.resume_campaign(request).await?.into_inner().campaign.into_iter().collect()
        }
        CampaignsCommand::Cancel(args) => {
            let (name, client) = named(args);
            let request = v1::CancelCampaignRequest { name, client };
            campaigns.cancel_campaign(request).await?.into_inner().campaign.into_iter().collect()
        }
    };
    show(&changed, output)?;
    Ok(Exit::Done)
}

/// The stable keys of a campaign.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    client: &'a str,
    kind: &'static str,
    ecosystem: &'a str,
    registry: &'a str,
    prefix: Option<String>,
    window: u32,
    state: &'static str,
    cursor: Option<String>,
    submitted: u64,
    open: u32,
    created_at: Option<String>,
    ended_at: Option<String>,
}

fn state(campaign: &v1::Campaign) -> &'static str {
    CampaignState::try_from(campaign.state()).map_or("", CampaignState::as_str)
}

/// What it has done with each package.
const fn kind(campaign: &v1::Campaign) -> JobKind {
    if campaign.question.is_some() { JobKind::Resolve } else { JobKind::Crawl }
}

fn show(campaigns: &[v1::Campaign], output: Output) -> Result<(), Failure> {
    for campaign in campaigns {
        output.object(&Row {
            name: &campaign.name,
            client: &campaign.client,
            kind: kind(campaign).as_str(),
            ecosystem: &campaign.ecosystem,
            registry: &campaign.registry,
            prefix: not_empty(campaign.prefix.clone()),
            window: campaign.window,
            state: state(campaign),
            cursor: not_empty(campaign.cursor.clone()),
            submitted: campaign.submitted,
            open: campaign.open,
            created_at: time(campaign.created_at_ms),
            ended_at: time(campaign.ended_at_ms),
        })?;
    }
    let head = ["name", "client", "kind", "state", "packages of", "submitted", "open", "cursor", "begun", "over"];
    output.table(
        head,
        campaigns.iter().map(|campaign| {
            [
                campaign.name.clone(),
                campaign.client.clone(),
                kind(campaign).as_str().to_owned(),
                state(campaign).to_owned(),
                format!("{} {}", campaign.registry, campaign.prefix).trim_end().to_owned(),
                campaign.submitted.to_string(),
                campaign.open.to_string(),
                or_dash(campaign.cursor.clone()),
                time_for_people(campaign.created_at_ms),
                time_for_people(campaign.ended_at_ms),
            ]
        }),
    )
}
