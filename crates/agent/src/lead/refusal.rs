//! Why a replica does not write.

use crate::cluster::LeaseName;

/// Why this replica does not write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this replica of the agent writes nothing: the Lease {lease} is held by {holder}")]
pub struct NotLeading {
    /// The Lease.
    pub lease: LeaseName,
    /// Who holds it, in words.
    pub holder: String,
}

/// Why the intent of a write is not where the next replica finds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unshared {
    /// This replica does not lead.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// More is under way than the Lease takes.
    #[error(
        "the Lease takes no more writes while so many are under way; order it again when some have ended"
    )]
    NoRoom,
}
