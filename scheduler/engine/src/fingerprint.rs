//! What an ask is, in sixteen bytes, so that the same key for another ask is found out.

use gleaner_model::{CrawlPart, JobSpec, Timestamp};
use gleaner_store::fingerprint_of_question;
use sha2::{Digest, Sha256};

/// Of a job: everything that it asks for, its key left aside.
pub(crate) fn fingerprint_of_job(spec: &JobSpec) -> [u8; 16] {
    let part = match spec.part {
        CrawlPart::Newest => "newest",
        CrawlPart::Older => "older",
    };
    let at = |moment: Option<Timestamp>| moment.map(|at| at.as_millis().to_string()).unwrap_or_default();
    let text = format!(
        "job\n{}\n{part}\n{}\n{}\n{}\n{}\n{}\n{}",
        spec.kind.as_str(),
        spec.registry,
        spec.purl,
        spec.max_age_ms,
        at(spec.expires_at),
        at(spec.not_before),
        at(spec.deadline),
    );
    match &spec.question {
        // As ever, so that a key of an earlier version names the same ask.
        None => half(&text),
        Some(question) => {
            let question: Vec<_> = fingerprint_of_question(question).map(|byte| format!("{byte:02x}")).into();
            half(&format!("{text}\n{}", question.concat()))
        }
    }
}

/// Half of a SHA-256: wide enough that nobody can make two of a kind.
pub(crate) fn half(text: &str) -> [u8; 16] {
    *Sha256::digest(text.as_bytes()).first_chunk().expect("a SHA-256 is longer than its half")
}

#[cfg(test)]
mod tests {
    use gleaner_model::{JobKind, Purl, Question, RegistryName};

    use super::*;

    #[test]
    fn whatever_is_asked_for_counts_and_the_key_does_not() {
        let purl: Purl = "pkg:npm/express".parse().expect("valid");
        let spec = JobSpec::crawl(purl.clone(), RegistryName::default_of(purl.ecosystem()));
        let own = fingerprint_of_job(&spec);
        assert_eq!(own, fingerprint_of_job(&JobSpec { key: Some("k".parse().expect("valid")), ..spec.clone() }));
        let at = Some(Timestamp::from_millis(5));
        let others = [
            JobSpec { kind: JobKind::Resolve, ..spec.clone() },
            JobSpec { part: CrawlPart::Older, ..spec.clone() },
            JobSpec { purl: purl.with_version("1"), ..spec.clone() },
            JobSpec { registry: "mirror".parse().expect("valid"), ..spec.clone() },
            JobSpec { max_age_ms: 1, ..spec.clone() },
            JobSpec { expires_at: at, ..spec.clone() },
            JobSpec { not_before: at, ..spec.clone() },
            JobSpec { deadline: at, ..spec.clone() },
            JobSpec { question: Some(Box::default()), ..spec.clone() },
            JobSpec { question: Some(Box::new(Question { lock: true, ..Question::default() })), ..spec },
        ];
        let mut all: Vec<_> = others.iter().map(fingerprint_of_job).chain([own]).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 11);
    }
}
