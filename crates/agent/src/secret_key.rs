//! The key of redaction: made once, kept with the data, readable by nobody else.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustls::crypto::ring;

/// Its file in the data directory.
const FILE: &str = "redaction.key";

/// The key of this data directory; a new one where there is none yet.
///
/// A file of another length is an error and not overwritten: with another key, marks that were
/// given before would not be recognised again.
pub(crate) fn load_or_make(data: &Path) -> io::Result<[u8; 32]> {
    std::fs::create_dir_all(data)?;
    let path = data.join(FILE);
    match OpenOptions::new().read(true).open(&path) {
        Ok(mut file) => {
            let mut bytes = vec![];
            Read::by_ref(&mut file).take(64).read_to_end(&mut bytes)?;
            bytes.try_into().map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "the redaction key is not 32 bytes")
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
        Err(error) => Err(error),
    }
}

/// A key for this life of the process.
pub(crate) fn random() -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    let provider = ring::default_provider();
    let filled = provider.secure_random.fill(&mut key);
    filled.map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(key)
}

fn make(path: &Path) -> io::Result<[u8; 32]> {
    let key = random()?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&key)?;
    file.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_survives_a_restart_and_is_private() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("deep").join("er");

        let first = load_or_make(&path).unwrap();
        let second = load_or_make(&path).unwrap();

        assert_eq!(first, second);
        assert_ne!(first, [0; 32]);
        let mode = std::fs::metadata(path.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_key_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(FILE), b"short").unwrap();

        assert!(load_or_make(data.path()).is_err());
    }
}
