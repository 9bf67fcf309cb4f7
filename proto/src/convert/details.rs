//! What only one ecosystem says of a version.

use gleaner_model::Details;

use super::field::text;
use crate::v1;

impl From<Details> for v1::Details {
    fn from(details: Details) -> Self {
        Self {
            links: details.links.unwrap_or_default(),
            os: details.os,
            cpu: details.cpu,
            libc: details.libc,
            engines: entries_to_wire(details.engines),
            bundled: details.bundled,
            optional_peers: details.optional_peers,
            commands: entries_to_wire(details.commands),
            funding: details.funding.unwrap_or_default(),
            install_script: details.install_script,
            shrinkwrap: details.shrinkwrap,
        }
    }
}

impl From<v1::Details> for Details {
    fn from(wire: v1::Details) -> Self {
        Self {
            links: text(wire.links),
            os: wire.os,
            cpu: wire.cpu,
            libc: wire.libc,
            engines: entries(wire.engines),
            bundled: wire.bundled,
            optional_peers: wire.optional_peers,
            commands: entries(wire.commands),
            funding: text(wire.funding),
            install_script: wire.install_script,
            shrinkwrap: wire.shrinkwrap,
        }
    }
}

fn entries_to_wire(entries: Vec<(String, String)>) -> Vec<v1::Entry> {
    entries.into_iter().map(|(key, value)| v1::Entry { key, value }).collect()
}

fn entries(wire: Vec<v1::Entry>) -> Vec<(String, String)> {
    wire.into_iter().map(|entry| (entry.key, entry.value)).collect()
}
