//! Events, each with the cursor of the place right after it.

use gleaner_model::{Event, EventKind, PackageKey};

use super::field::{required_moment, text};
use super::{InvalidMessage, purl, registry};
use crate::v1;

impl From<(Event, String)> for v1::Event {
    fn from((event, cursor): (Event, String)) -> Self {
        let package = event.key.purl();
        let purl = match event.kind.version() {
            Some(version) => package.with_version(version).to_string(),
            None => package.to_string(),
        };
        Self {
            cursor,
            purl,
            registry: event.key.registry().to_string(),
            r#type: event.kind.as_str().to_owned(),
            at_ms: event.at.as_millis(),
            versions: match event.kind {
                EventKind::PackageDiscovered { versions } => versions,
                _ => 0,
            },
            tag: match &event.kind {
                EventKind::TagMoved { tag, .. } => tag.clone(),
                _ => String::new(),
            },
            tag_before: match &event.kind {
                EventKind::TagMoved { from, .. } => from.clone().unwrap_or_default(),
                _ => String::new(),
            },
            detail: detail(event.kind),
        }
    }
}

fn detail(kind: EventKind) -> String {
    match kind {
        EventKind::VersionYanked { reason, .. } => reason.unwrap_or_default(),
        EventKind::VersionDeprecated { message, .. } => message,
        _ => String::new(),
    }
}

impl TryFrom<v1::Event> for (Event, String) {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Event) -> Result<Self, InvalidMessage> {
        let purl = purl(&wire.purl)?;
        let event = Event {
            key: PackageKey::new(registry(&wire.registry, &purl)?, &purl),
            at: required_moment(wire.at_ms, "at_ms")?,
            kind: match wire.r#type.as_str() {
                "package.tag_moved" => EventKind::TagMoved {
                    tag: text(wire.tag).ok_or_else(|| InvalidMessage::missing("tag"))?,
                    from: text(wire.tag_before),
                    to: purl.version().map(str::to_owned),
                },
                name => event_kind(name, purl.version(), wire.detail, wire.versions)?,
            },
        };
        Ok((event, wire.cursor))
    }
}

fn event_kind(name: &str, of: Option<&str>, detail: String, versions: u32) -> Result<EventKind, InvalidMessage> {
    let version = || {
        let missing = || InvalidMessage::invalid("purl", format_args!("an event `{name}` is about a version"));
        of.map(str::to_owned).ok_or_else(missing)
    };
    Ok(match name {
        "" => return Err(InvalidMessage::missing("type")),
        "package.discovered" => EventKind::PackageDiscovered { versions },
        "package.gone" => EventKind::PackageGone,
        "package.returned" => EventKind::PackageReturned,
        "package.facts_changed" => EventKind::FactsChanged,
        "package.latest_changed" => EventKind::LatestChanged { version: of.map(str::to_owned) },
        "version.published" => EventKind::VersionPublished { version: version()? },
        "version.removed" => EventKind::VersionRemoved { version: version()? },
        "version.yanked" => EventKind::VersionYanked { version: version()?, reason: text(detail) },
        "version.unyanked" => EventKind::VersionUnyanked { version: version()? },
        "version.deprecated" => EventKind::VersionDeprecated { version: version()?, message: detail },
        "version.undeprecated" => EventKind::VersionUndeprecated { version: version()? },
        "version.dependencies_changed" => EventKind::VersionDependenciesChanged { version: version()? },
        _ => return Err(InvalidMessage::invalid("type", format_args!("`{name}` is no type of event"))),
    })
}
