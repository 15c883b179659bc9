//! The files of the repository, as the rules read them.

use std::fs;
use std::path::{Path, PathBuf};

/// A file: its path from the top of the repository, and its text.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The files below `folder` (from the top) whose name ends with `ending`, in order.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<File> {
    let top = top();
    let mut found = Vec::new();
    collect(&top.join(folder), &mut found);
    found.sort();
    found
        .into_iter()
        .filter(|it| it.to_str().unwrap().ends_with(ending))
        .map(|it| File {
            path: it.strip_prefix(&top).unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&it).unwrap(),
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Rust files of our crates.
pub(crate) fn rust() -> Vec<File> {
    files("crates", ".rs")
}

/// Fails with all offenders at once, so that one run shows all there is to mend.
#[track_caller]
pub(crate) fn check(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}
