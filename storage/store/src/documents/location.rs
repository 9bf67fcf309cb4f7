//! Where documents are kept: a directory, or a cloud's store by URL if that is built in.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use url::Url;

use super::DocumentsError;

/// URL schemes of clouds' stores, the cargo feature that each needs, and whether that is built in.
const CLOUDS: [(&str, &[&str], bool); 3] = [
    ("s3", &["s3", "s3a"], cfg!(feature = "s3")),
    ("gcs", &["gs"], cfg!(feature = "gcs")),
    ("azure", &["az", "adl", "azure", "abfs", "abfss"], cfg!(feature = "azure")),
];

/// A store of objects, and what stands before the name of each.
type Opened = (Arc<dyn ObjectStore>, object_store::path::Path);

pub(super) fn open(location: &str, settings: Vec<(String, String)>) -> Result<Opened, DocumentsError> {
    let unusable = |reason: String| DocumentsError::Location { location: location.to_owned(), reason };
    let Ok(url) = Url::parse(location) else { return directory(Path::new(location)) };
    if url.scheme() == "file" {
        let path = url.to_file_path().map_err(|()| unusable("it names no path of this machine".to_owned()))?;
        return directory(&path);
    }
    match CLOUDS.iter().find(|(_, schemes, _)| schemes.contains(&url.scheme())) {
        Some((_, _, true)) => {}
        Some((feature, _, false)) => {
            return Err(unusable(format!(
                "this gleaner was built without it; build it with the cargo feature `{feature}`"
            )));
        }
        None => {
            return Err(unusable("give a directory, or a URL of file://, s3://, gs:// or az://".to_owned()));
        }
    }
    let settings = settings.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let (store, prefix) = object_store::parse_url_opts(&url, settings).map_err(|error| unusable(error.to_string()))?;
    Ok((Arc::from(store), prefix))
}

/// A directory, in which files and names are synced before a write is done.
fn directory(directory: &Path) -> Result<Opened, DocumentsError> {
    std::fs::create_dir_all(directory)?;
    let directory = directory.canonicalize()?;
    if let Some(parent) = directory.parent() {
        File::open(parent)?.sync_all()?;
    }
    let store = LocalFileSystem::new_with_prefix(&directory)?.with_fsync(true);
    Ok((Arc::new(store), object_store::path::Path::ROOT))
}
