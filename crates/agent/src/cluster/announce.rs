//! Events of ours about objects that were written.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time};
use kube::Client;
use kube::api::{Api, PostParams};
use types::ObjectRef;

use super::ClusterError;
use super::kube::{FIELD_MANAGER, READ, within};

/// What is said about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One word for machines.
    pub reason: &'static str,
    /// For people, redacted.
    pub message: String,
}

/// Leaves an Event about the object, in its namespace. Always `Normal`: a warning would be trouble to look into.
pub(super) async fn leave(
    client: Client,
    about: &ObjectRef,
    notice: &Notice,
) -> Result<(), ClusterError> {
    let now = Timestamp::now();
    let event = Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}.", about.name)),
            namespace: Some(about.namespace.clone()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(about.kind.api_version().to_owned()),
            kind: Some(about.kind.as_str().to_owned()),
            namespace: Some(about.namespace.clone()),
            name: Some(about.name.clone()),
            uid: Some(about.uid.clone()).filter(|it| !it.is_empty()),
            ..ObjectReference::default()
        },
        type_: Some("Normal".to_owned()),
        reason: Some(notice.reason.to_owned()),
        message: Some(notice.message.clone()),
        action: Some(notice.reason.to_owned()),
        reporting_component: Some(FIELD_MANAGER.to_owned()),
        reporting_instance: Some(FIELD_MANAGER.to_owned()),
        event_time: Some(MicroTime(now)),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        count: Some(1),
        ..Event::default()
    };
    let api = Api::<Event>::namespaced(client, &about.namespace);
    let params = PostParams { dry_run: false, field_manager: Some(FIELD_MANAGER.to_owned()) };
    within(READ, "an Event", api.create(&params, &event)).await.map(|_: Event| ())
}
