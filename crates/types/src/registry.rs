//! What an image's own registry says of its tags.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The tags of the repository that a container's image comes from, as its registry lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryTags {
    /// The container whose image is not there.
    pub container: String,
    /// The repository, as the image writes it.
    pub repository: String,
    /// The tags nearest to the wanted one, nearest first; at most 20.
    pub tags: Vec<String>,
    /// The one of them that the wanted one is a plain slip of; `None` where several are as near, and where the list is
    /// too long to know that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<String>,
}
