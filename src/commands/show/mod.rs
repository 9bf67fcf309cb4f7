//! `gleaner show`: what the catalogue knows of a package, or of one version's dependencies.

mod rows;

use clap::Args;
use gleaner_model::{ContentHash, Purl};
use gleaner_proto::v1;

use self::rows::{DependenciesRow, PackageRow, state_words};
use crate::exit::{Exit, Failure};
use crate::output::{Output, or_dash, time_for_people};
use crate::reader::{Reader, ReaderArgs};
use crate::remote::Remote;

/// Versions that people are shown if they do not ask for all.
const VERSIONS_SHOWN: usize = 15;

/// Which package.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// A package URL; with a version its dependencies are shown.
    #[arg(value_name = "PURL")]
    purl: String,
    /// Of a registry that is not the ecosystem's default one.
    #[arg(long, default_value = "", value_name = "NAME")]
    from_registry: String,
    /// All versions, and not only the newest.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Shows what is stored.
pub(crate) async fn run(args: &ShowArgs, output: Output) -> Result<Exit, Failure> {
    let purl: Purl = args.purl.parse().map_err(Failure::usage)?;
    let reader = Reader::open(&args.reader).await?;
    let result = match purl.version() {
        Some(_) => dependencies(&reader.remote, &purl, args, output).await,
        None => package(&reader.remote, &purl, args, output).await,
    };
    reader.close().await;
    result
}

async fn package(remote: &Remote, purl: &Purl, args: &ShowArgs, output: Output) -> Result<Exit, Failure> {
    let (purl, registry) = (purl.to_string(), args.from_registry.clone());
    let request = v1::GetPackageRequest { purl: purl.clone(), registry: registry.clone() };
    let package = remote.catalog().get_package(request).await?.into_inner();
    let wanted = if args.all || output.json { usize::MAX } else { VERSIONS_SHOWN };
    let versions = versions(remote, purl, registry, wanted).await?;
    let exit = if package.presence() == v1::Presence::Present { Exit::Done } else { Exit::No };
    if output.json {
        output.object(&PackageRow::of(package, versions))?;
    } else {
        say_package(&package, &versions, output)?;
    }
    Ok(exit)
}

async fn versions(
    remote: &Remote,
    purl: String,
    registry: String,
    wanted: usize,
) -> Result<Vec<v1::VersionSummary>, Failure> {
    let (mut versions, mut page_token) = (Vec::new(), String::new());
    while versions.len() < wanted {
        let page_size = u32::try_from((wanted - versions.len()).min(1_000)).unwrap_or(1_000);
        let request = v1::ListVersionsRequest { purl: purl.clone(), registry: registry.clone(), page_size, page_token };
        let page = remote.catalog().list_versions(request).await?.into_inner();
        versions.extend(page.versions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(versions)
}

fn say_package(
    package: &v1::GetPackageResponse,
    versions: &[v1::VersionSummary],
    output: Output,
) -> Result<(), Failure> {
    output.say(format!("{}  ({} registry)", package.purl, package.registry))?;
    match package.presence() {
        v1::Presence::NotFound => output.say("  the registry has no such package")?,
        v1::Presence::Gone => {
            let since = time_for_people(package.missing_since_at_ms);
            output.say(format!("  the registry has it no more since {since}; these are its last facts"))?;
        }
        _ => {}
    }
    if package.missing_since_at_ms != 0 && package.presence() == v1::Presence::Present {
        let since = time_for_people(package.missing_since_at_ms);
        output.say(format!("  the registry denies it since {since}; a later answer must confirm that"))?;
    }
    output.say(format!("  latest      {}", or_dash(package.latest.as_str())))?;
    output.say(format!("  licence     {}", or_dash(package.licence.as_str())))?;
    output.say(format!("  source      {}", or_dash(package.repository.as_str())))?;
    let times = [
        ("fetched", package.fetched_at_ms),
        ("checked", package.last_success_at_ms),
        ("changed", package.last_change_at_ms),
        ("next due", package.next_due_at_ms),
    ];
    for (what, at_ms) in times {
        output.say(format!("  {what:<11} {}", time_for_people(at_ms)))?;
    }
    if let Some(document) = package.documents.first() {
        output.say(format!("  document    {} ({} bytes)", document.url, document.length_bytes))?;
        output.say(format!("              sha256 {}", hash(&document.hash)))?;
    }
    output.say(format!("  versions    {}", package.versions))?;
    output.table(
        ["  version", "published", "dependencies", "licence", "notes"],
        versions.iter().map(|version| {
            [
                format!("  {}", version.number),
                time_for_people(version.published_at_ms),
                match version.dependencies {
                    Some(count) => count.to_string(),
                    None => state_words(version.dependencies_state()).to_owned(),
                },
                or_dash(version.licence.as_str()),
                notes(version),
            ]
        }),
    )?;
    if versions.len() < package.versions as usize {
        output.say(format!("  … and {} older ones; --all shows them", package.versions as usize - versions.len()))?;
    }
    Ok(())
}

fn notes(version: &v1::VersionSummary) -> String {
    let yank = version.yank.as_ref().map(|yank| match yank.reason.as_str() {
        "" => "yanked".to_owned(),
        reason => format!("yanked: {reason}"),
    });
    let deprecated = Some(&version.deprecated).filter(|words| !words.is_empty()).map(|w| format!("deprecated: {w}"));
    yank.into_iter().chain(deprecated).collect::<Vec<_>>().join("; ")
}

async fn dependencies(remote: &Remote, purl: &Purl, args: &ShowArgs, output: Output) -> Result<Exit, Failure> {
    let request = v1::ListDependenciesRequest { purl: purl.to_string(), registry: args.from_registry.clone() };
    let answer = remote.catalog().list_dependencies(request).await?.into_inner();
    let state = answer.state();
    if output.json {
        output.object(&DependenciesRow::of(answer))?;
        return Ok(Exit::Done);
    }
    output.say(format!("{}: dependencies {}", answer.purl, state_words(state)))?;
    if state == v1::DependenciesState::Fetched && answer.dependencies.is_empty() {
        output.say("  none")?;
    }
    output.table(
        ["  name", "requirement", "kind", "notes"],
        answer.dependencies.iter().map(|dependency| {
            [
                format!("  {}", dependency.name),
                or_dash(dependency.requirement.as_str()),
                rows::kind_word(dependency.kind()).to_owned(),
                dependency_notes(dependency),
            ]
        }),
    )?;
    Ok(Exit::Done)
}

fn dependency_notes(dependency: &v1::Dependency) -> String {
    let mut notes = Vec::new();
    if !dependency.alias.is_empty() {
        notes.push(format!("as {}", dependency.alias));
    }
    if dependency.optional {
        notes.push("optional".to_owned());
    }
    if dependency.no_default_features {
        notes.push("no default features".to_owned());
    }
    if !dependency.features.is_empty() {
        notes.push(format!("features {}", dependency.features.join(", ")));
    }
    if !dependency.target.is_empty() {
        notes.push(format!("where {}", dependency.target));
    }
    notes.join("; ")
}

/// A hash as text, whatever its length.
pub(super) fn hash(bytes: &[u8]) -> String {
    <[u8; 32]>::try_from(bytes).map(|bytes| ContentHash(bytes).to_string()).unwrap_or_default()
}
