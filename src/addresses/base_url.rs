//! Is this text a base URL that a crawler can use?

use url::Url;

use super::AddressError;

/// Checks `text`, found at `origin`, and makes it end in `/`. A `sparse+` in front, cargo's mark for an index over
/// HTTP, is taken off.
pub(super) fn check(text: &str, origin: &str) -> Result<String, AddressError> {
    let text = text.trim();
    let text = text.strip_prefix("sparse+").unwrap_or(text);
    // A text that does not parse is shown only if nothing in it can be a password.
    let shown = if text.contains('@') { "it" } else { text };
    let invalid = |reason: String| AddressError::Invalid { origin: origin.to_owned(), reason };
    let mut url = Url::parse(text).map_err(|error| invalid(format!("`{shown}` is no URL ({error})")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials { origin: origin.to_owned() });
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(invalid(format!("`{shown}` does not begin with http:// or https:// and a host")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("a base URL has no `?` and no `#`".to_owned()));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_end_in_a_slash() {
        let checked = |text| check(text, "a test");
        assert_eq!(checked(" https://mirror.example/npm ").as_deref(), Ok("https://mirror.example/npm/"));
        assert_eq!(checked("sparse+http://127.0.0.1:80/index/").as_deref(), Ok("http://127.0.0.1/index/"));
        assert_eq!(checked("https://mirror.example").as_deref(), Ok("https://mirror.example/"));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for text in
            ["", "mirror.example", "file:///srv/simple", "ssh://mirror.example/x", "https://mirror.example/?a=b"]
        {
            assert!(matches!(check(text, "a test"), Err(AddressError::Invalid { .. })), "{text}");
        }
    }

    #[test]
    fn credentials_are_refused_and_never_shown() {
        for text in
            ["https://user:hunter2@mirror.example/", "https://hunter2@mirror.example/", "hunter2@mirror.example"]
        {
            let error = check(text, "the flag --registry").expect_err("refused").to_string();
            assert!(error.contains("--registry") && !error.contains("hunter2"), "{error}");
        }
        assert!(matches!(check("https://u@mirror.example", "x"), Err(AddressError::Credentials { .. })));
    }
}
