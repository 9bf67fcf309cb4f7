//! The outer form of core metadata: headers as in a mail, up to the first empty line.

/// The headers of a document: names as written and values, where a value goes on over lines that begin with a blank.
pub(crate) fn headers(document: &str) -> Vec<(&str, String)> {
    let mut headers: Vec<(&str, String)> = Vec::new();
    let lines = document.strip_prefix('\u{feff}').unwrap_or(document).lines();
    for line in lines.take_while(|line| !line.trim_end().is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim_end(), value.trim().to_owned()));
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_on_over_indented_lines() {
        let text = "\u{feff}Name: x\r\nLicense: first\r\n\tsecond: more\r\n        third\r\nodd line\r\nEmpty:\r\n\r\nBody: no\r\n";
        let expected = [("Name", "x"), ("License", "first\nsecond: more\nthird"), ("Empty", "")];
        assert_eq!(headers(text), expected.map(|(name, value)| (name, value.to_owned())));
        assert!(headers("\nName: x\n").is_empty());
        assert!(headers("").is_empty());
    }
}
