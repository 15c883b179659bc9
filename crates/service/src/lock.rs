//! One process for each data folder: two on one file would each believe that they alone decide.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// The file that is locked. What is in it is for people.
const NAME: &str = "lock";
/// A process id is shorter.
const MAX_HOLDER: u64 = 20;

/// A data folder that is ours, until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a data folder is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process uses it.
    #[error(
        "data folder {folder} is in use by process {holder}; stop that one, or give another folder with --data"
    )]
    Held {
        /// The folder.
        folder: String,
        /// Its process id; `?` when it is not known. In another container it may look like our own.
        holder: String,
    },
    /// The lock cannot be taken.
    #[error("data folder {folder} cannot be locked; check that this user may write there")]
    Failed {
        /// The folder.
        folder: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Takes the data folder for this process alone, making it when it is missing.
///
/// To be kept for as long as anything in the folder is open. Does not wait.
pub fn data_folder(folder: &Path) -> Result<Lock, LockError> {
    let shown = || folder.display().to_string();
    let failed = |source| LockError::Failed { folder: shown(), source };
    let mut file = open(folder).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(LockError::Held { folder: shown(), holder: holder(&mut file) });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    // A full disk is no reason not to start: the id is for people.
    if let Err(error) = sign(&mut file) {
        tracing::debug!(%error, "the lock names nobody");
    }
    Ok(Lock { _file: file })
}

fn open(folder: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(folder.join(NAME))
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(MAX_HOLDER).read_to_string(&mut text);
    let id = text.trim();
    let is_id = read.is_ok() && !id.is_empty() && id.bytes().all(|it| it.is_ascii_digit());
    if is_id { id.to_owned() } else { "?".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_is_for_one_at_a_time_and_the_second_is_told_whose_it_is() {
        let folder = tempfile::TempDir::new().unwrap();
        let ours = data_folder(folder.path()).unwrap();

        let refused = data_folder(folder.path()).unwrap_err().to_string();

        assert!(refused.contains(&folder.path().display().to_string()), "{refused}");
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(ours);
        assert!(data_folder(folder.path()).is_ok(), "it is free again");
    }

    #[test]
    fn a_lock_file_that_was_left_behind_locks_nobody_out() {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join(NAME), "not a process id, and long enough to be cut")
            .unwrap();

        let ours = data_folder(folder.path()).unwrap();

        assert!(data_folder(folder.path()).is_err());
        drop(ours);
    }

    #[test]
    fn a_folder_that_is_missing_is_made_for_its_owner_alone() {
        let folder = tempfile::TempDir::new().unwrap();
        let deeper = folder.path().join("a").join("b");

        let _ours = data_folder(&deeper).unwrap();

        assert_eq!(std::fs::metadata(&deeper).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();

        let refused = data_folder(&file.join("data")).unwrap_err();

        assert!(matches!(&refused, LockError::Failed { folder, .. } if folder.ends_with("data")));
    }
}
