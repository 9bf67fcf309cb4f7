//! Does a version run on a platform?
//!
//! Source: `npm-install-checks` (`lib/index.js`, `checkPlatform`).

use gleaner_model::Details;

use super::environment::NpmEnvironment;

/// Why a version does not run there, if it does not.
pub(super) fn refusal(title: &str, details: &Details, environment: &NpmEnvironment) -> Option<String> {
    let NpmEnvironment { os, cpu, libc, .. } = environment;
    let allowed = [("os", os, &details.os), ("cpu", cpu, &details.cpu), ("libc", libc, &details.libc)];
    let mut wrong = allowed.iter().filter(|(key, value, list)| {
        !list.is_empty() && (!is_listed(value, list) || (*key == "libc" && value.is_empty()))
    });
    wrong.next().map(|(key, value, list)| {
        let value = if value.is_empty() { "none" } else { value };
        format!("{title} is for another platform: it asks for {key} {}, and this is {value}", list.join(", "))
    })
}

/// None of those with a `!`, and one of the others if there are others.
fn is_listed(value: &str, list: &[String]) -> bool {
    if list == ["any"] {
        return true;
    }
    let refused = |entry: &String| entry.strip_prefix('!').is_some_and(|entry| entry == value);
    let only_refusals = list.iter().all(|entry| entry.starts_with('!'));
    !list.iter().any(refused) && (only_refusals || list.iter().any(|entry| entry == value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_allow_and_refuse() {
        let listed =
            |list: &[&str]| is_listed("linux", &list.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>());
        assert!(listed(&["linux"]) && listed(&["darwin", "linux"]) && listed(&["!win32"]) && listed(&["any"]));
        assert!(!listed(&["darwin"]) && !listed(&["!linux"]) && !listed(&["!linux", "linux"]));
        assert!(!listed(&["!win32", "darwin"]));
    }
}
