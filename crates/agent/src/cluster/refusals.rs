//! What the API server's errors mean to us.

use std::time::Duration;

use kube::core::Status;
use kube::core::response::StatusCause;
use kube::runtime::watcher;

use super::ClusterError;

/// How long a busy API server is left alone when it does not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What this error of a request about `what` means.
pub(super) fn meaning(error: &kube::Error, what: &str) -> ClusterError {
    let words = || service::telemetry::chain(error);
    if let kube::Error::Api(status) = error {
        of_status(status, what)
    } else if matches!(error, kube::Error::SerdeError(_) | kube::Error::FromUtf8(_)) {
        ClusterError::Malformed(words())
    } else if matches!(error, kube::Error::BuildRequest(_)) {
        ClusterError::Refused(words())
    } else {
        ClusterError::Unreachable(words())
    }
}

fn of_status(status: &Status, what: &str) -> ClusterError {
    let message = status.message.clone();
    match status.code {
        404 => ClusterError::NotFound(what.to_owned()),
        422 if names_a_cause(status) => ClusterError::Refused(message),
        // 422 is a test operation of a JSON Patch that did not hold: the server says no more than this.
        409 | 422 => ClusterError::Conflict(message),
        429 if is_disruption_budget(status) => ClusterError::Refused(message),
        429 => ClusterError::Throttled { retry_after: retry_after(status), message },
        400..=499 => ClusterError::Refused(message),
        _ => ClusterError::Unreachable(format!("{} {message}", status.code)),
    }
}

/// Validation names the fields that it does not like, and an admission policy that says no more than `Invalid` its own
/// words; a patch whose test failed names neither.
fn names_a_cause(status: &Status) -> bool {
    let is_cause = |it: &StatusCause| !it.field.is_empty() || !it.message.is_empty();
    status.details.as_ref().is_some_and(|it| it.causes.iter().any(is_cause))
}

fn is_disruption_budget(status: &Status) -> bool {
    let details = status.details.as_ref();
    details.is_some_and(|it| it.causes.iter().any(|it| it.reason == "DisruptionBudget"))
}

fn retry_after(status: &Status) -> Duration {
    let seconds = status.details.as_ref().map_or(0, |it| it.retry_after_seconds);
    if seconds == 0 { RETRY_AFTER } else { Duration::from_secs(seconds.into()) }
}

/// Whether the API server does not know streaming lists, so that the old way has to do.
pub(super) fn refuses_streaming(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchStartFailed(kube::Error::Api(status)) => {
            matches!(status.code, 400 | 422)
        }
        watcher::Error::WatchStartFailed(_)
        | watcher::Error::InitialListFailed(_)
        | watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(code: u16, details: &Value, expected: &ClusterError) {
        let status = json!({"code": code, "message": "m", "reason": "r", "details": details});
        let status: Status = serde_json::from_value(status).unwrap();
        assert_eq!(&of_status(&status, "Pod shop/web"), expected);
    }

    #[test]
    fn each_status_means_one_thing() {
        let message = || "m".to_owned();
        let throttled = |secs| ClusterError::Throttled {
            retry_after: Duration::from_secs(secs),
            message: message(),
        };
        let field = json!({"causes": [{"field": "spec.replicas", "reason": "FieldValueInvalid"}]});
        let policy =
            json!({"causes": [{"message": "ValidatingAdmissionPolicy 'p' denied request"}]});
        let budget = json!({"causes": [{"reason": "DisruptionBudget"}]});

        check(404, &Value::Null, &ClusterError::NotFound("Pod shop/web".to_owned()));
        check(409, &Value::Null, &ClusterError::Conflict(message()));
        check(422, &Value::Null, &ClusterError::Conflict(message()));
        check(422, &json!({}), &ClusterError::Conflict(message()));
        check(422, &field, &ClusterError::Refused(message()));
        check(422, &policy, &ClusterError::Refused(message()));
        check(403, &Value::Null, &ClusterError::Refused(message()));
        check(429, &Value::Null, &throttled(1));
        check(429, &json!({"retryAfterSeconds": 7}), &throttled(7));
        check(429, &budget, &ClusterError::Refused(message()));
        check(503, &Value::Null, &ClusterError::Unreachable("503 m".to_owned()));
    }
}
