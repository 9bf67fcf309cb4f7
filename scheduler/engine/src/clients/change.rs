//! What a new clients file changes: for the log, and for whoever has to act on it.

use std::collections::BTreeSet;
use std::fmt;

use gleaner_model::ClientName;

use super::Clients;

/// The difference between two clients files, names in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientsChange {
    /// Clients that were not there before.
    pub added: Vec<ClientName>,
    /// Clients that are there no more; what they submitted goes on, with the weight 1.
    pub removed: Vec<ClientName>,
    /// Clients with another lane, weight or quota.
    pub changed: Vec<ClientName>,
    /// Clients with another token; the old one is refused.
    pub rekeyed: Vec<ClientName>,
    /// Has a lane another weight or floor?
    pub lanes: bool,
}

impl ClientsChange {
    /// What is different in `new`.
    #[must_use]
    pub fn between(old: &Clients, new: &Clients) -> Self {
        let names: BTreeSet<&ClientName> = old.by_name.keys().chain(new.by_name.keys()).collect();
        let mut change = Self { lanes: old.lanes != new.lanes, ..Self::default() };
        for name in names {
            let list = match (old.by_name.get(name), new.by_name.get(name)) {
                (None, Some(_)) => &mut change.added,
                (Some(_), None) => &mut change.removed,
                (Some(before), Some(after)) if before != after => &mut change.changed,
                _ => continue,
            };
            list.push(name.clone());
        }
        // A token that still means the same client is the same token.
        let kept: BTreeSet<&ClientName> = new
            .by_token
            .iter()
            .filter(|(token, name)| old.by_token.get(*token) == Some(*name))
            .map(|(_, name)| name)
            .collect();
        let both = new.by_name.keys().filter(|name| old.by_name.contains_key(*name));
        change.rekeyed = both.filter(|name| !kept.contains(name)).cloned().collect();
        change
    }

    /// Is nothing different?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// For the log: the names, as far as there are few.
impl fmt::Display for ClientsChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        let lists = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("changed", &self.changed),
            ("rekeyed", &self.rekeyed),
        ];
        let mut parts = Vec::new();
        for (what, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            let shown: Vec<&str> = names.iter().take(SHOWN).map(ClientName::as_str).collect();
            let more = if names.len() > SHOWN { ", …" } else { "" };
            parts.push(format!("{} {what} ({}{more})", names.len(), shown.join(", ")));
        }
        parts.extend(self.lanes.then(|| "other lanes".to_owned()));
        f.write_str(&if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(entries: &[(&str, &str, u32)], lanes: &str) -> Clients {
        let entry = |(name, token, weight): &(&str, &str, u32)| {
            format!(
                "[[client]]\nname = \"{name}\"\ntoken = \"{token}-0123456789\"\nlane = \"free\"\nweight = {weight}\n"
            )
        };
        let text = format!("{lanes}\n{}", entries.iter().map(entry).collect::<String>());
        Clients::parse(&text).expect("valid")
    }

    fn names(names: &[&str]) -> Vec<ClientName> {
        names.iter().map(|name| name.parse().expect("a name")).collect()
    }

    #[test]
    fn each_difference_is_named_once() {
        let old = file(&[("a", "token-a", 1), ("b", "token-b", 1), ("c", "token-c", 1), ("d", "token-d", 1)], "");
        let new = file(
            &[("a", "token-a", 1), ("b", "token-b", 5), ("c", "token-x", 1), ("e", "token-e", 1)],
            "[lanes.bulk]\nweight = 2",
        );
        let change = ClientsChange::between(&old, &new);
        assert_eq!((&change.added, &change.removed), (&names(&["e"]), &names(&["d"])));
        assert_eq!((&change.changed, &change.rekeyed), (&names(&["b"]), &names(&["c"])));
        assert!(change.lanes);
        let told = change.to_string();
        assert_eq!(told, "1 added (e), 1 removed (d), 1 changed (b), 1 rekeyed (c), other lanes");
        assert!(ClientsChange::between(&new, &new).is_empty());
        assert_eq!(ClientsChange::between(&new, &new).to_string(), "nothing changed");
    }

    #[test]
    fn a_token_that_means_another_client_now_is_another_token_of_both() {
        let old = file(&[("a", "token-a", 1), ("b", "token-b", 1)], "");
        let new = file(&[("a", "token-b", 1), ("b", "token-a", 1)], "");
        let change = ClientsChange::between(&old, &new);
        assert_eq!(change, ClientsChange { rekeyed: names(&["a", "b"]), ..ClientsChange::default() });
    }
}
