//! Names of packages and dependencies.
//!
//! Many file systems do not tell `Foo` from `foo`, so npm looks children and edges up by folded names and compares the
//! names themselves where it matters (arborist's `case-insensitive-map.js`).

use std::sync::Arc;

use gleaner_model::{Ecosystem, PackageName};

use super::Memo;
use crate::npm::collation;

/// A name's number.
pub(in crate::npm) type NameId = u32;

/// A name.
pub(in crate::npm) struct NameData {
    pub(in crate::npm) text: Arc<str>,
    /// The number of the first name that is the same but for case.
    pub(in crate::npm) fold: NameId,
    /// Sorts as the text does in English.
    pub(in crate::npm) order: Box<[u8]>,
    pub(in crate::npm) has_capitals: bool,
    /// The name as the catalogue has it, if it can have it.
    pub(in crate::npm) package: Option<PackageName>,
}

impl Memo {
    /// The number of a name.
    pub(in crate::npm) fn name(&mut self, text: &str) -> NameId {
        if let Some(id) = self.name_of.get(text) {
            return *id;
        }
        let lower = text.to_lowercase();
        let folded = if lower == text { None } else { Some(self.name(&lower)) };
        let id = u32::try_from(self.names.len()).expect("a memo is emptied long before");
        let text: Arc<str> = text.into();
        self.names.push(NameData {
            fold: folded.unwrap_or(id),
            order: collation::key(&text),
            has_capitals: collation::has_capitals(&text),
            package: PackageName::new(Ecosystem::Npm, &text).ok(),
            text: Arc::clone(&text),
        });
        self.name_of.insert(text, id);
        id
    }

    pub(in crate::npm) fn name_text(&self, id: NameId) -> &str {
        &self.names[id as usize].text
    }
}
