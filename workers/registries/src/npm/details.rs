//! What only npm's own resolver asks of a manifest: platforms, engines, what the archive brings along, commands.
//!
//! Forms are brought together as npm's own normalisation does it (`@npmcli/package-json`, `lib/normalize.js`).

use std::borrow::Cow;
use std::fmt;

use gleaner_model::Details;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::requirements::Requirements;
use crate::json::{Entries, MaybeText, TakeEntry, Text, Truthy, ignore_others};

/// What is read of one manifest, in the document's own forms.
#[derive(Default)]
pub(crate) struct Extras<'de> {
    pub(crate) os: Words,
    pub(crate) cpu: Words,
    pub(crate) libc: Words,
    pub(crate) engines: Vec<(Cow<'de, str>, Cow<'de, str>)>,
    /// From `bundleDependencies`, and from the other spelling.
    pub(crate) bundled: Option<Value>,
    pub(crate) bundled_too: Option<Value>,
    pub(crate) bin: Option<Value>,
    pub(crate) funding: Option<Value>,
    pub(crate) name: Option<Value>,
    pub(crate) says_install_script: Truthy,
    pub(crate) scripts: Scripts,
    pub(crate) shrinkwrap: Truthy,
}

/// Reads the value of `engines`: an object, or the list that it was long ago, whose positions stand as names.
pub(crate) struct EnginesSeed<'a, 'de>(pub(crate) &'a mut Vec<(Cow<'de, str>, Cow<'de, str>)>);

impl<'de> DeserializeSeed<'de> for EnginesSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.clear();
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EnginesSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(Text(engine)) = object.next_key()? {
            if let MaybeText(Some(range)) = object.next_value()? {
                self.0.push((engine, range));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(MaybeText(range)) = list.next_element()? {
            let at = Cow::Owned(self.0.len().to_string());
            self.0.extend(range.map(|range| (at, range)));
        }
        Ok(())
    }

    ignore_others!('de: bool number null text);
}

/// One word or a list of words.
#[derive(Default)]
pub(crate) struct Words(pub(crate) Option<Value>);

impl Words {
    fn list(&self) -> Vec<String> {
        match &self.0 {
            Some(Value::String(word)) if !word.is_empty() => vec![word.clone()],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

/// Is there a script that runs at installation?
#[derive(Default)]
pub(crate) struct Scripts(bool);

impl<'de> TakeEntry<'de> for Scripts {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "install" | "preinstall" | "postinstall" => self.0 |= object.next_value::<Truthy>()?.0,
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Extras<'de> {
    /// Takes an entry if it is one of these.
    pub(crate) fn take<A: MapAccess<'de>>(&mut self, key: &str, object: &mut A) -> Result<bool, A::Error> {
        match key {
            "os" => self.os.0 = Some(object.next_value()?),
            "cpu" => self.cpu.0 = Some(object.next_value()?),
            "libc" => self.libc.0 = Some(object.next_value()?),
            "bundleDependencies" => self.bundled = Some(object.next_value()?),
            "bundledDependencies" => self.bundled_too = Some(object.next_value()?),
            "bin" => self.bin = Some(object.next_value()?),
            "funding" => self.funding = Some(object.next_value()?),
            "name" => self.name = Some(object.next_value()?),
            "hasInstallScript" => self.says_install_script = object.next_value()?,
            "scripts" => drop(object.next_value_seed(Entries(&mut self.scripts))?),
            "_hasShrinkwrap" => self.shrinkwrap = object.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The facts of a version with these dependencies and optional peers; none if there are none.
    pub(crate) fn details(&self, dependencies: &Requirements<'_>, optional_peers: &[Cow<'_, str>]) -> Option<Details> {
        let details = Details {
            links: None,
            os: self.os.list(),
            cpu: self.cpu.list(),
            libc: self.libc.list(),
            engines: self.engines.iter().map(|(engine, range)| (engine.to_string(), range.to_string())).collect(),
            bundled: self.bundled(dependencies),
            optional_peers: optional_peers.iter().map(ToString::to_string).collect(),
            commands: self.commands(),
            funding: self.funding(),
            install_script: self.says_install_script.0 || self.scripts.0,
            shrinkwrap: self.shrinkwrap.0,
        };
        (details != Details::default()).then_some(details)
    }

    fn bundled(&self, dependencies: &Requirements<'_>) -> Vec<String> {
        match self.bundled.as_ref().or(self.bundled_too.as_ref()) {
            Some(Value::Bool(true)) => dependencies.iter().map(|(name, _)| name.to_string()).collect(),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::Object(names)) => names.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Commands and files; a text is the file of a command that is called as the package is.
    fn commands(&self) -> Vec<(String, String)> {
        let given: Vec<(&str, &str)> = match &self.bin {
            Some(Value::String(file)) => {
                self.name.as_ref().and_then(Value::as_str).map(|name| (name, file.as_str())).into_iter().collect()
            }
            Some(Value::Array(files)) => files.iter().filter_map(Value::as_str).map(|file| (file, file)).collect(),
            Some(Value::Object(files)) => {
                files.iter().filter_map(|(name, file)| Some((name.as_str(), file.as_str()?))).collect()
            }
            _ => Vec::new(),
        };
        let mut commands: Vec<(String, String)> = Vec::new();
        for (name, file) in given {
            let (name, file) = (within(name), within(file));
            let name = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default().to_owned();
            if !name.is_empty() && !file.is_empty() {
                commands.retain(|(known, _)| *known != name);
                commands.push((name, file));
            }
        }
        commands
    }

    fn funding(&self) -> Option<String> {
        match self.funding.as_ref()? {
            Value::String(url) if !url.is_empty() => Some(serde_json::json!({ "url": url }).to_string()),
            value @ (Value::Object(_) | Value::Array(_)) => Some(value.to_string()),
            _ => None,
        }
    }
}

/// A path within the package, without what leads out of it.
fn within(path: &str) -> String {
    let path = path.replace(['\\', ':'], "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let slash = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("{}{slash}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within() {
        for (path, expected) in
            [("./a/b.js", "a/b.js"), ("../../a", "a"), ("a\\b", "a/b"), ("a/", "a/"), ("/", ""), ("", "")]
        {
            assert_eq!(within(path), expected, "{path}");
        }
    }
}
