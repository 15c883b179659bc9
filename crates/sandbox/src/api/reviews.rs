//! May I? Everybody may do everything here, and a client that asks is told so.

use serde_json::json;

use super::call::Call;
use super::{Answer, decode};
use crate::json::set;
use crate::status::StatusError;

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Answers a question about permissions.
pub(super) fn answer(call: &Call) -> Option<Result<Answer, StatusError>> {
    (call.path == PATH && call.method == "POST").then(|| {
        let mut review = decode::document(call, "SelfSubjectAccessReview")?;
        set(&mut review, "apiVersion", "authorization.k8s.io/v1");
        set(&mut review, "kind", "SelfSubjectAccessReview");
        set(&mut review, "metadata", json!({}));
        set(&mut review, "status", json!({"allowed": true}));
        Ok(Answer::json(201, review))
    })
}
