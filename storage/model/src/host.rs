//! An upstream origin that has a budget of requests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `name` or `name:port` in lower case, as it stands in a URL; a port that is the scheme's own is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Host(Box<str>);

/// The text is not the URL of a host, or not a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no host")]
pub struct InvalidHost(pub String);

impl Host {
    /// The host of an absolute `http` or `https` URL.
    ///
    /// # Errors
    /// The URL is malformed, of another scheme, or has no host.
    pub fn of_url(url: &str) -> Result<Self, InvalidHost> {
        let invalid = || InvalidHost(url.to_owned());
        let parsed = url::Url::parse(url).map_err(|_| invalid())?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(invalid());
        }
        let name = parsed.host_str().ok_or_else(invalid)?;
        match parsed.port() {
            Some(port) => Ok(Self(format!("{name}:{port}").into())),
            None => Ok(Self(name.into())),
        }
    }

    /// The host as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = Self::of_url(&format!("http://{text}/")).map_err(|_| InvalidHost(text.to_owned()))?;
        if host.as_str() == text { Ok(host) } else { Err(InvalidHost(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_origin_of_a_url() {
        assert_eq!(Host::of_url("http://127.0.0.1:8080/a/b").expect("valid").as_str(), "127.0.0.1:8080");
        assert_eq!(Host::of_url("https://Mirror.example:443/").expect("valid").as_str(), "mirror.example");
        assert!(Host::of_url("ftp://mirror.example/").is_err());
        assert!(Host::of_url("/simple/").is_err());
    }

    #[test]
    fn text_is_a_host_only_in_its_own_form() {
        assert!("mirror.example:8080".parse::<Host>().is_ok());
        assert!("mirror.example/path".parse::<Host>().is_err());
        assert!("Mirror.example".parse::<Host>().is_err());
    }
}
