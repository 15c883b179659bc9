//! Images that are known to run, and those that nodes hold.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An image that is known to run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ImageFacts {
    /// The image.
    pub image: String,
    /// Where it runs or ran ready: `Deployment shop/web`, `revision 3`.
    pub seen_in: String,
    /// Whether that was an earlier revision of the same owner.
    pub own: bool,
}

/// An image that a node holds: somebody pulled or loaded it once. Whether it ever ran is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct HeldImage {
    /// Its name with its tag, as people write it: `nginx:1.27` for `docker.io/library/nginx:1.27`.
    pub image: String,
    /// The node; of several the first by name.
    pub node: String,
}
