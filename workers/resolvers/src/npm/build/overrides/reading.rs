//! From the manifest's object to rules.

use super::{About, NONE, Overrides, Rule, RuleId};
use crate::npm::json::Json;
use crate::npm::memo::Memo;
use crate::npm::root::RootData;
use crate::npm::semver::{Options, Range};
use crate::npm::spec::{Asked, Spec, is_name};

/// Overrides within overrides: no manifest has as many.
const DEPTH_MAX: usize = 100;

impl Overrides {
    /// Reads the root's overrides.
    ///
    /// # Errors
    /// A rule names no dependency.
    pub(in crate::npm::build) fn new(root: &RootData, memo: &mut Memo) -> Result<Self, String> {
        let mut overrides = Self::default();
        let Some(Json::Object(entries)) = &root.overrides else { return Ok(overrides) };
        if entries.is_empty() {
            return Ok(overrides);
        }
        overrides.rules.push(Rule {
            parent: NONE,
            children: Vec::new(),
            name: NONE,
            key: Box::default(),
            about: About::All,
            value: "*".into(),
            instead: NONE,
            holding: Vec::new(),
        });
        overrides.read(0, entries, root, memo, 0)?;
        for id in 0..overrides.rules.len() {
            overrides.rules[id].holding = overrides.holding(u32::try_from(id).unwrap_or(NONE));
        }
        Ok(overrides)
    }

    fn read(
        &mut self,
        parent: RuleId,
        entries: &[(String, Json)],
        root: &RootData,
        memo: &mut Memo,
        depth: usize,
    ) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err("the overrides are nested too deeply".to_owned());
        }
        for (key, value) in entries.iter().filter(|(key, _)| key != ".") {
            let id = self.rule(parent, key, value, root, memo)?;
            if let Json::Object(within) = value {
                self.read(id, within, root, memo, depth + 1)?;
            }
        }
        Ok(())
    }

    fn rule(
        &mut self,
        parent: RuleId,
        key: &str,
        value: &Json,
        root: &RootData,
        memo: &mut Memo,
    ) -> Result<RuleId, String> {
        let at = key.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
        let (name, about) = at.map_or((key, "*"), |at| (&key[..at], &key[at + 1..]));
        if !is_name(name) {
            return Err(format!("the override `{key}` names no dependency"));
        }
        let about = if about.is_empty() { "*" } else { about };
        let own = match value {
            Json::Text(text) => Some(text.as_str()),
            Json::Object(within) => within.iter().find(|(key, _)| key == ".").and_then(|(_, own)| own.text()),
            _ => None,
        };
        let value = own.map_or(about, |own| if own.is_empty() { "*" } else { own });
        let name_id = memo.name(name);
        // A reference to what the root does not ask for is no requirement, which is said where it is used.
        let text = value.strip_prefix('$').and_then(|reference| root.asked_for(reference)).unwrap_or(value);
        let instead = if value == "*" { NONE } else { memo.want(name_id, text) };
        let id = u32::try_from(self.rules.len()).unwrap_or(NONE);
        self.rules.push(Rule {
            parent,
            children: Vec::new(),
            name: name_id,
            key: key.into(),
            about: About::of(about),
            value: value.into(),
            instead,
            holding: Vec::new(),
        });
        self.rules[parent as usize].children.push(id);
        Ok(id)
    }

    /// All rules that hold within a set: its own, itself, and those of the sets around it, one a key.
    fn holding(&self, set: RuleId) -> Vec<RuleId> {
        let mut holding: Vec<RuleId> = Vec::new();
        let mut one = set;
        while one != NONE {
            let rule = &self.rules[one as usize];
            let own = (rule.parent != NONE).then_some(one);
            for id in rule.children.iter().copied().chain(own) {
                let key = &self.rules[id as usize].key;
                if !holding.iter().any(|known| self.rules[*known as usize].key == *key) {
                    holding.push(id);
                }
            }
            one = rule.parent;
        }
        holding
    }
}

impl About {
    fn of(text: &str) -> Self {
        match Spec::parse(text) {
            Spec::Registry { asked: Asked::Any, .. } => Self::All,
            Spec::Registry { package: None, asked: Asked::Range(range) | Asked::Version(_, range), .. } => {
                Self::Range(range)
            }
            _ => Range::parse(text, Options::LOOSE).map_or(Self::Other, Self::Range),
        }
    }
}
