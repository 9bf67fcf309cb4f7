//! A certificate authority for tests: fresh keys, written as an operator would have them on disk.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

static AUTHORITIES: AtomicUsize = AtomicUsize::new(0);

/// A certificate and its key on disk.
pub(crate) struct Material {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// An authority, its own certificate included; its files go when it is dropped.
pub(crate) struct Authority {
    folder: TempDir,
    material: Material,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name of its own: with equal names a peer would blame the signature and not the authority.
        let number = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let material = write(folder.path(), "ca", &certificate.pem(), &key.serialize_pem());
        Self { material, folder, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// A certificate for `names`, signed by this authority, as `file`.pem and `file`.key.
    pub(crate) fn sign(&self, file: &str, names: &[&str]) -> Material {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        write(self.folder.path(), file, &certificate.pem(), &key.serialize_pem())
    }

    /// Writes a file beside the authority's own, for material that is wrong in some way.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        path
    }
}

fn write(folder: &Path, name: &str, certificate_pem: &str, key_pem: &str) -> Material {
    let material =
        Material { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    fs::write(&material.certificate, certificate_pem).unwrap();
    fs::write(&material.key, key_pem).unwrap();
    set_mode(&material.key, 0o600);
    material
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_path: &Path, _mode: u32) {}
