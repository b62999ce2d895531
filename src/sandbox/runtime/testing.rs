//! What the tests of running functions share: a sandbox that is not there, and packages.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::Home;

/// A home with the answers it was given.
pub(in crate::sandbox) struct FakeHome {
    pub(in crate::sandbox) endpoint: String,
    pub(in crate::sandbox) folder: Option<PathBuf>,
    /// How often it was told that something changed.
    pub(in crate::sandbox) changes: AtomicUsize,
}

impl FakeHome {
    /// A home in memory with no sandbox behind it.
    pub(in crate::sandbox) fn new() -> Self {
        Self { endpoint: "http://127.0.0.1:1".to_owned(), folder: None, changes: AtomicUsize::new(0) }
    }

    /// The same, below `folder`.
    pub(in crate::sandbox) fn below(folder: &std::path::Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..Self::new() }
    }

    /// As the runtime takes it.
    pub(in crate::sandbox) fn shared(self) -> Arc<dyn Home> {
        Arc::new(self)
    }
}

#[async_trait]
impl Home for FakeHome {
    async fn endpoint(&self) -> Result<String, String> {
        Ok(self.endpoint.clone())
    }

    fn folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    fn may(&self, _: &str, _: &str, _: &str, _: &str) -> bool {
        true
    }
}

/// Packs files.
pub(in crate::sandbox) fn package(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
