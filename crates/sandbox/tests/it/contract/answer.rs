//! What came back for a request, and how claims look into it.

use serde_json::Value;

/// One answer of an API server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) media: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) text: String,
    /// The body as JSON; null when it is none.
    pub(crate) body: Value,
}

impl Answer {
    /// The object of a request that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.code), "{}: {}", self.code, self.text);
        self.body
    }

    /// Checks that this is a refusal with this code, reason and message.
    #[track_caller]
    pub(crate) fn refused(&self, code: u16, reason: &str, message: &str) {
        let found = (self.code, self.body["reason"].as_str().unwrap_or_default(), self.message());
        assert_eq!(found, (code, reason, message));
        assert_eq!(self.body["kind"], "Status");
        assert_eq!(self.body["apiVersion"], "v1");
        assert_eq!(self.body["status"], "Failure");
        assert_eq!(self.body["code"], code);
    }

    /// The sentence of a refusal.
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or(&self.text)
    }

    /// The causes of a refusal: reason, field and message.
    pub(crate) fn causes(&self) -> Vec<(&str, &str, &str)> {
        let causes = self.body["details"]["causes"].as_array();
        causes
            .into_iter()
            .flatten()
            .map(|it| (said(&it["reason"]), said(&it["field"]), said(&it["message"])))
            .collect()
    }
}

/// A text, or nothing.
pub(crate) fn said(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list.
pub(crate) fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

/// The names of the objects of a list, in its order.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    items(list).iter().map(|it| said(&it["metadata"]["name"])).collect()
}

/// The condition of this type, or null.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.and_then(|it| it.iter().find(|it| it["type"] == kind)).unwrap_or(&Value::Null)
}

/// The status of a pod's first container.
pub(crate) fn container(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

/// Why a pod's first container waits.
pub(crate) fn waiting(pod: &Value) -> (&str, &str) {
    let waiting = &container(pod)["state"]["waiting"];
    (said(&waiting["reason"]), said(&waiting["message"]))
}

/// The fields that a manager owns; null when it owns nothing.
pub(crate) fn owned<'a>(object: &'a Value, manager: &str) -> &'a Value {
    let entries = object["metadata"]["managedFields"].as_array();
    let entry = entries.and_then(|it| it.iter().find(|it| it["manager"] == manager));
    entry.map_or(&Value::Null, |it| &it["fieldsV1"])
}
