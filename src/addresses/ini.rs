//! The two dialects of INI files that npm and pip read. Only what a single address needs: the last value of a key.

/// The value of `key` in an `.npmrc`: outside of any section, comments after `;` and `#`, quotes taken off, `${NAME}`
/// replaced by a variable (and left as it is if there is none, `${NAME?}` by nothing), as npm's `ini` and
/// `config` modules have it.
pub(super) fn npmrc<'a>(text: &str, key: &str, variable: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with('['));
    let entries = lines.filter(|line| !line.starts_with([';', '#'])).filter_map(|line| line.split_once('='));
    let value = entries.filter(|(name, _)| unquoted(name.trim()) == key).last()?.1;
    Some(expanded(unquoted(value.trim()), variable)).filter(|value| !value.is_empty())
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return inner;
        }
    }
    text.split([';', '#']).next().unwrap_or_default().trim_end()
}

fn expanded<'a>(text: &str, variable: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        expanded.push_str(before);
        let may_miss = name.strip_suffix('?');
        match (variable(may_miss.unwrap_or(name)), may_miss) {
            (Some(value), _) => expanded.push_str(value),
            (None, Some(_)) => {}
            (None, None) => expanded.push_str(&format!("${{{name}}}")),
        }
        rest = behind;
    }
    expanded + rest
}

/// The value of `key` in `[section]` of a `pip.conf`: `=` or `:` between them, `_` in keys as good as `-`, indented
/// lines go on with the value above, as Python's `configparser` and pip have it.
pub(super) fn pip_conf(text: &str, section: &str, key: &str) -> Option<String> {
    let mut inside = false;
    let mut wanted = false;
    let mut value = None;
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let (true, Some(value)) = (wanted, &mut value) {
                *value = format!("{value} {content}").trim().to_owned();
            }
            continue;
        }
        wanted = false;
        if let Some(name) = content.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            inside = name == section;
        } else if let Some((name, text)) = content.split_once(['=', ':']).filter(|_| inside) {
            wanted = name.trim().to_ascii_lowercase().replace('_', "-") == key;
            if wanted {
                value = Some(text.trim().to_owned());
            }
        }
    }
    value.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> Option<String> {
        npmrc(text, "registry", |name| (name == "HOST").then_some("mirror.example"))
    }

    #[test]
    fn npmrc_values() {
        assert_eq!(registry("a=b\n registry = http://x/ ; mine\n").as_deref(), Some("http://x/"));
        assert_eq!(registry("registry=http://x/\nregistry=\"http://y/\"").as_deref(), Some("http://y/"));
        assert_eq!(registry("registry=https://${HOST}/npm").as_deref(), Some("https://mirror.example/npm"));
        assert_eq!(registry("registry=https://${NONE}/${NONE?}").as_deref(), Some("https://${NONE}/"));
        assert_eq!(registry(";registry=http://x/\n#registry=http://x/\n@a:registry=http://x/\nregistry="), None);
        assert_eq!(registry("[section]\nregistry=http://x/"), None);
    }

    #[test]
    fn pip_conf_values() {
        let index = |text| pip_conf(text, "global", "index-url");
        assert_eq!(index("[global]\nindex-url = http://x/simple\n").as_deref(), Some("http://x/simple"));
        assert_eq!(index("[global]\nIndex_URL: http://x/simple").as_deref(), Some("http://x/simple"));
        assert_eq!(
            index("[global]\nindex-url =\n  http://x/\n[install]\nindex-url = http://y/").as_deref(),
            Some("http://x/")
        );
        assert_eq!(index("[install]\nindex-url = http://y/\n"), None);
        assert_eq!(
            index("[global]\n# index-url = http://y/\nextra-index-url = http://z/\n   index-url = http://y/"),
            None
        );
    }
}
