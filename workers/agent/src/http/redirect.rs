//! Where a redirect leads, and whether to follow it.
//!
//! A registry that moves its documents says so by redirects; so does a captive portal, a broken mirror, and an
//! attacker who wants a crawler inside a network to ask something for him. Each hop costs a permit of its host.

use gleaner_model::{Fault, FaultKind};
use url::Url;

/// The URLs that one document was asked for at, the planned one first.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    seen: Vec<Url>,
    redirects_max: usize,
}

impl Trail {
    /// A trail that begins at the planned `url`.
    pub(crate) fn new(url: &str, redirects_max: usize) -> Result<Self, Fault> {
        let unusable = |error| Fault::new(FaultKind::Internal, format!("`{url}` was planned and is no URL: {error}"));
        Ok(Self { seen: vec![Url::parse(url).map_err(unusable)?], redirects_max })
    }

    /// Where to ask now.
    pub(crate) fn current(&self) -> &Url {
        self.seen.last().expect("a trail begins with a URL and only grows")
    }

    /// Goes on to where a redirect's `Location` leads.
    ///
    /// # Errors
    /// An outage that names the planned URL: no location, another scheme than http and https, from https to http, a
    /// URL that was asked before, or too many redirects.
    pub(crate) fn follow(&mut self, location: Option<&str>) -> Result<(), Fault> {
        let Some(location) = location else {
            return Err(self.refused("without saying where"));
        };
        let Ok(mut next) = self.current().join(location) else {
            return Err(self.refused(&format!("to `{location}`, which is no URL")));
        };
        // Neither is sent to a server, and a user name in someone else's redirect is none of ours.
        next.set_fragment(None);
        let _ = next.set_username("");
        let _ = next.set_password(None);
        if !matches!(next.scheme(), "http" | "https") {
            return Err(self.refused(&format!("to `{next}`, which is not of http or https")));
        }
        if self.current().scheme() == "https" && next.scheme() == "http" {
            return Err(self.refused(&format!("from https to `{next}`, which anyone on the way could change")));
        }
        if self.seen.contains(&next) {
            return Err(self.refused(&format!("in a circle, to `{next}` again")));
        }
        if self.seen.len() > self.redirects_max {
            return Err(self.refused(&format!("more than {} times", self.redirects_max)));
        }
        self.seen.push(next);
        Ok(())
    }

    fn refused(&self, how: &str) -> Fault {
        Fault::new(FaultKind::Outage, format!("{} redirects {how}", self.seen[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(url: &str) -> Trail {
        Trail::new(url, 5).expect("a URL")
    }

    /// The detail of the fault that refuses this redirect.
    fn refusal(from: &str, location: Option<&str>) -> String {
        let fault = trail(from).follow(location).expect_err("refused");
        assert_eq!(fault.kind, FaultKind::Outage);
        assert!(fault.detail.starts_with(from), "{}", fault.detail);
        fault.detail
    }

    #[test]
    fn locations_are_relative_or_absolute() {
        let mut trail = trail("https://registry.invalid/a/b");
        trail.follow(Some("../c#part")).expect("followed");
        assert_eq!(trail.current().as_str(), "https://registry.invalid/c");
        trail.follow(Some("https://someone:secret@mirror.example:8443/d?x=1")).expect("followed");
        assert_eq!(trail.current().as_str(), "https://mirror.example:8443/d?x=1");
    }

    #[test]
    fn https_never_leads_to_http() {
        let detail = refusal("https://registry.invalid/a", Some("http://registry.invalid/a"));
        assert!(detail.contains("from https"), "{detail}");
        trail("http://registry.invalid/a").follow(Some("https://registry.invalid/a")).expect("the other way is fine");
    }

    #[test]
    fn other_schemes_and_no_location_are_refused() {
        assert!(refusal("http://registry.invalid/a", Some("file:///etc/hosts")).contains("not of http"));
        assert!(refusal("http://registry.invalid/a", Some("http://:/")).contains("no URL"));
        assert!(refusal("http://registry.invalid/a", None).contains("without"));
    }

    #[test]
    fn circles_are_found_at_once() {
        let mut trail = trail("http://registry.invalid/a");
        trail.follow(Some("/b")).expect("followed");
        let fault = trail.follow(Some("/a#again")).expect_err("a circle");
        assert!(fault.detail.contains("circle") && fault.detail.starts_with("http://registry.invalid/a "));
    }

    #[test]
    fn five_redirects_are_followed_and_no_sixth() {
        let mut trail = trail("http://registry.invalid/0");
        for hop in 1..=5 {
            trail.follow(Some(&format!("/{hop}"))).expect("within the limit");
        }
        assert!(trail.follow(Some("/6")).expect_err("one too many").detail.contains("more than 5 times"));
    }
}
