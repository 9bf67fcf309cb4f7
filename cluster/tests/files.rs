//! TLS material that is wrong in each way an operator gets it wrong: the error names the file.

#![allow(clippy::unwrap_used, missing_docs)]

mod authority;

use std::path::Path;

use authority::Authority;
use gleaner_cluster::{TlsError, TlsFiles};

fn files(certificate: &Path, key: &Path) -> TlsFiles {
    TlsFiles { certificate: Some(certificate.to_owned()), key: Some(key.to_owned()), ..TlsFiles::default() }
}

#[test]
fn nothing_configured_is_no_tls() {
    assert!(TlsFiles::default().server().unwrap().is_none());
    assert!(TlsFiles::default().client().unwrap().is_none());
}

#[test]
fn a_good_identity_loads() {
    let authority = Authority::new();
    let good = authority.sign("scheduler", &["localhost"]);
    let server = files(&good.certificate, &good.key).server().unwrap().expect("an identity");
    assert_eq!(server.certificate_pem, std::fs::read(&good.certificate).unwrap());
    assert!(server.client_ca_pem.is_none());
}

#[test]
fn a_missing_file_is_named() {
    let authority = Authority::new();
    let good = authority.sign("scheduler", &["localhost"]);
    let nowhere = good.key.with_extension("nowhere");
    for wrong in [files(&nowhere, &good.key), files(&good.certificate, &nowhere)] {
        let error = wrong.server().unwrap_err();
        assert!(matches!(&error, TlsError::Unreadable { path, .. } if *path == nowhere), "{error}");
        assert!(error.to_string().contains(&nowhere.display().to_string()), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    let authority = Authority::new();
    let good = authority.sign("scheduler", &["localhost"]);
    for mode in [0o644, 0o640, 0o604, 0o660] {
        authority::set_mode(&good.key, mode);
        let error = files(&good.certificate, &good.key).server().unwrap_err();
        assert!(matches!(&error, TlsError::KeyExposed { path, mode: found } if *path == good.key && *found == mode));
        let text = error.to_string();
        assert!(text.contains("0600") && text.contains(&format!("{mode:04o}")), "{text}");
    }
    authority::set_mode(&good.key, 0o400);
    assert!(files(&good.certificate, &good.key).server().is_ok());
}

#[test]
fn what_is_not_pem_is_named() {
    let authority = Authority::new();
    let good = authority.sign("scheduler", &["localhost"]);
    let rubbish = authority.write("rubbish.pem", "not a certificate\n");
    let torn = authority.write("torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let empty_der = authority.write("der.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let cases = [
        (files(&rubbish, &good.key), &rubbish),
        (files(&torn, &good.key), &torn),
        (files(&empty_der, &good.key), &empty_der),
        (files(&good.certificate, &rubbish), &rubbish),
        (TlsFiles { ca: Some(rubbish.clone()), ..files(&good.certificate, &good.key) }, &rubbish),
        (TlsFiles { ca: Some(empty_der.clone()), ..files(&good.certificate, &good.key) }, &empty_der),
    ];
    for (wrong, culprit) in cases {
        let error = wrong.server().unwrap_err();
        assert!(matches!(&error, TlsError::BadPem { path, .. } if path == culprit), "{culprit:?}: {error}");
    }
}

#[test]
fn a_key_of_another_certificate_is_a_mismatch() {
    let authority = Authority::new();
    let (one, other) = (authority.sign("one", &["localhost"]), authority.sign("other", &["localhost"]));
    let error = files(&one.certificate, &other.key).server().unwrap_err();
    assert!(matches!(&error, TlsError::KeyMismatch { certificate, key }
        if *certificate == one.certificate && *key == other.key));
}

#[test]
fn half_a_configuration_is_refused() {
    let authority = Authority::new();
    let good = authority.sign("scheduler", &["localhost"]);
    let no_key = TlsFiles { key: None, ..files(&good.certificate, &good.key) };
    let no_certificate = TlsFiles { certificate: None, ..files(&good.certificate, &good.key) };
    for half in [no_key, no_certificate] {
        assert!(matches!(half.server(), Err(TlsError::HalfIdentity { .. })));
        assert!(matches!(half.client(), Err(TlsError::HalfIdentity { .. })));
    }
    let only_ca = TlsFiles { ca: Some(good.certificate.clone()), ..TlsFiles::default() };
    assert!(matches!(only_ca.server(), Err(TlsError::CaWithoutIdentity { .. })));
    assert!(only_ca.client().unwrap().is_some());
}
