//! The settings file.
//!
//! ```toml
//! [registries]        # base URLs, instead of finding them
//! npm = "https://mirror.example/npm/"
//!
//! [rates]             # requests a second that a registry's host may get
//! npm = 20
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use figment::Figment;
use figment::providers::{Format, Toml};
use gleaner_model::Ecosystem;
use serde::Deserialize;

use crate::exit::Failure;

/// What the file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Base URLs by ecosystem.
    pub(crate) registries: BTreeMap<Ecosystem, String>,
    /// Requests a second by ecosystem.
    pub(crate) rates: BTreeMap<Ecosystem, u32>,
    /// The file that said so, if there was one.
    #[serde(skip)]
    pub(crate) path: Option<PathBuf>,
}

impl Settings {
    /// Reads the file that was named, which must be there, or the user's own, which need not.
    pub(crate) fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let own = || etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("gleaner/gleaner.toml"));
        let Some(path) = named.map(Path::to_owned).or_else(own) else { return Ok(Self::default()) };
        if !path.is_file() {
            return match named {
                Some(_) => Err(Failure::usage(format!("the settings file {} is not there", path.display()))),
                None => Ok(Self::default()),
            };
        }
        let settings: Self = Figment::from(Toml::file_exact(&path))
            .extract()
            .map_err(|error| Failure::usage(format!("the settings file {}: {error}", path.display())))?;
        Ok(Self { path: Some(path), ..settings })
    }
}
