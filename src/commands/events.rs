//! `gleaner events`.

use clap::Args;
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, not_empty, time, time_for_people};
use crate::reader::{Reader, ReaderArgs};

/// From where, and how many.
#[derive(Args, Debug)]
pub(crate) struct EventsArgs {
    /// Where to begin: a cursor as it was printed, or `start`.
    #[arg(long, default_value = "start", value_name = "CURSOR")]
    from: String,
    /// At most this many; all there are if not said.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    reader: ReaderArgs,
}

#[derive(Serialize)]
struct Row {
    cursor: String,
    r#type: String,
    purl: String,
    registry: String,
    at: Option<String>,
    detail: Option<String>,
    versions: Option<u32>,
}

/// Lists what changed, from a cursor on.
pub(crate) async fn run(args: &EventsArgs, output: Output) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.reader).await?;
    let mut catalog = reader.remote.catalog();
    let (mut cursor, mut left) = (args.from.clone(), args.limit.unwrap_or(usize::MAX));
    while left > 0 {
        let page_size = u32::try_from(left.min(10_000)).unwrap_or(10_000);
        let request = v1::ListEventsRequest { cursor: cursor.clone(), page_size };
        let page = catalog.list_events(request).await?.into_inner();
        if page.events.is_empty() {
            break;
        }
        left -= page.events.len().min(left);
        for event in page.events {
            output.say(sentence(&event))?;
            output.object(&row(event))?;
        }
        cursor = page.next_cursor;
    }
    output.say(format!("go on with: gleaner events --from {cursor}"))?;
    reader.close().await;
    Ok(Exit::Done)
}

fn sentence(event: &v1::Event) -> String {
    let detail = match (event.versions, event.detail.as_str()) {
        (0, "") => String::new(),
        (0, detail) => format!("  ({detail})"),
        (versions, _) => format!("  ({versions} versions)"),
    };
    format!("{}  {:<28} {}{detail}", time_for_people(event.at_ms), event.r#type, event.purl)
}

fn row(event: v1::Event) -> Row {
    Row {
        cursor: event.cursor,
        r#type: event.r#type,
        purl: event.purl,
        registry: event.registry,
        at: time(event.at_ms),
        detail: not_empty(event.detail),
        versions: (event.versions > 0).then_some(event.versions),
    }
}
