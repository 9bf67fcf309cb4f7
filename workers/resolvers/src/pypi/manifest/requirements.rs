//! `requirements.in` and `requirements.txt` as pip defines them and uv reads them
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>, `crates/uv-requirements-txt`).
//!
//! A line is a requirement, or an option. Of the options some say where to look, which is the catalogue's affair here,
//! some are for who installs, and some bring in other files. This reader has one text and nothing else: it cannot follow
//! them, and a file that is half read would get a wrong answer, so it refuses.

use super::PypiRoot;
use crate::pypi::requirement::Requirement;

/// Options that say where to look or how to install: nothing that is resolved depends on them here.
const ELSEWHERE: [&str; 9] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--no-index",
    "--require-hashes",
    "--only-binary",
    "--no-binary",
];
/// Options that uv passes over with a warning: whoever calls it says the same on the command line.
const IGNORED: [&str; 5] = ["--trusted-host", "--use-feature", "--pre", "--prefer-binary", "--config-settings"];
const INCLUDES: [&str; 2] = ["-r", "--requirement"];
const CONSTRAINTS: [&str; 2] = ["-c", "--constraint"];
const EDITABLES: [&str; 2] = ["-e", "--editable"];

pub(super) fn read(file: &str, text: &str) -> Result<PypiRoot, String> {
    let mut root = PypiRoot { origin: Some(format!("-r {file}")), ..PypiRoot::default() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut whole = String::new();
    let mut begins = 1;
    for (at, part) in (1..).zip(text.lines()) {
        if whole.is_empty() {
            begins = at;
        }
        // A comment ends a line even if a backslash stands behind it.
        let (part, has_comment) = without_comment(part);
        if let Some(part) = part.strip_suffix('\\').filter(|_| !has_comment) {
            whole.push_str(part);
            continue;
        }
        whole.push_str(part);
        read_line(whole.trim(), &mut root).map_err(|what| format!("line {begins}: {what}"))?;
        whole.clear();
    }
    read_line(whole.trim(), &mut root).map_err(|what| format!("line {begins}: {what}"))?;
    Ok(root)
}

/// The part before a comment, and whether there is one.
fn without_comment(line: &str) -> (&str, bool) {
    let begins = |at: usize| at == 0 || line[..at].ends_with([' ', '\t']);
    let comment = line.match_indices('#').map(|(at, _)| at).find(|at| begins(*at));
    comment.map_or((line, false), |at| (&line[..at], true))
}

fn read_line(line: &str, root: &mut PypiRoot) -> Result<(), String> {
    if line.is_empty() {
        return Ok(());
    }
    if line.starts_with('-') {
        return read_option(line, root);
    }
    // What stands behind a requirement (hashes) is for who installs it.
    let ends = [" --", "\t--"].into_iter().filter_map(|mark| line.find(mark)).min();
    root.requirements.push(Requirement::read(line[..ends.unwrap_or(line.len())].trim())?);
    Ok(())
}

fn read_option(line: &str, root: &mut PypiRoot) -> Result<(), String> {
    let end = line.find([' ', '\t', '=']).unwrap_or(line.len());
    let (option, value) = (&line[..end], line[end..].trim_start_matches([' ', '\t', '=']));
    // Short options may have their value right behind them: `-rother.txt`.
    let short = option.get(..2).filter(|_| !option.starts_with("--")).unwrap_or(option);
    let is = |options: &[&str]| options.contains(&option) || options.contains(&short);
    if is(&INCLUDES) || is(&CONSTRAINTS) {
        let file = if value.is_empty() { option.get(2..).unwrap_or_default() } else { value };
        let what = if is(&INCLUDES) { "requirements" } else { "constraints" };
        return Err(format!("the {what} of `{file}` cannot be followed from here: write them into this file"));
    }
    if is(&EDITABLES) {
        return Err(format!("`{line}` is the source of a project, which only who builds it can resolve"));
    }
    if is(&ELSEWHERE) {
        return Ok(());
    }
    if is(&IGNORED) {
        root.warnings.push(format!("the option `{option}` is passed over, as uv does in a file"));
        return Ok(());
    }
    Err(format!("`{option}` is no option that is known here"))
}
