//! The `scale` subresource: how many replicas there are and should be, whatever the kind.

use serde_json::{Value, json};

use super::call::Call;
use super::target::Target;
use super::writes::check_place;
use super::{Answer, Api, decode, patches};
use crate::json::{at, default, entries, list, number, set, text};
use crate::status::{Cause, StatusError};

impl Api {
    /// Answers with the scale of an object.
    pub(super) fn get_scale(&self, target: &Target) -> Result<Answer, StatusError> {
        Ok(Answer::json(200, scale_of(self.found(target)?.as_ref())))
    }

    /// Replaces the scale of an object.
    pub(super) fn put_scale(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        decode::check_options(call, "UpdateOptions")?;
        let scale = decode::document(call, "Scale")?;
        check_place(target, &scale)?;
        self.write_scale(call, target, |_| Ok(scale))
    }

    /// Patches the scale of an object.
    pub(super) fn patch_scale(&self, call: &Call, target: &Target) -> Result<Answer, StatusError> {
        decode::check_options(call, "PatchOptions")?;
        self.write_scale(call, target, |before| patches::scale(call, before))
    }

    fn write_scale(
        &self,
        call: &Call,
        target: &Target,
        next: impl FnOnce(&Value) -> Result<Value, StatusError>,
    ) -> Result<Answer, StatusError> {
        let resource = target.resource;
        let change = |object: &mut Value| {
            let scale = next(&scale_of(object))?;
            let version = text(&scale, "metadata.resourceVersion");
            if !version.is_empty() && version != text(object, "metadata.resourceVersion") {
                let why = "the object has been modified; \
                           please apply your changes to the latest version and try again";
                return Err(StatusError::conflict(&resource.qualified(), target.name(), why));
            }
            set(object, "spec.replicas", replicas(target.name(), &scale)?);
            Ok(())
        };
        let key = (resource.plural, "scale");
        let after =
            self.writer(call).update_through(key, target.namespace(), target.name(), change)?;
        Ok(Answer::json(200, scale_of(&after)))
    }
}

/// The number wanted; none is zero, as a scale leaves zero out.
fn replicas(name: &str, scale: &Value) -> Result<i64, StatusError> {
    let wanted = at(scale, "spec.replicas");
    if !wanted.is_null() && wanted.as_i64().is_none() {
        return Err(StatusError::bad_request(
            "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal \
             into Go struct field ScaleSpec.spec.replicas of type int32",
        ));
    }
    let wanted = wanted.as_i64().unwrap_or(0);
    if wanted < 0 {
        let why = "must be greater than or equal to 0";
        let cause = Cause::invalid("spec.replicas", &json!(wanted), why);
        return Err(StatusError::invalid("Scale.autoscaling", name, &[cause]));
    }
    Ok(wanted)
}

fn scale_of(object: &Value) -> Value {
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {}, "spec": {},
        "status": {"replicas": number(object, "status.replicas").unwrap_or(0)},
    });
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        let path = format!("metadata.{field}");
        set(&mut scale, &path, at(object, &path).clone());
    }
    set(&mut scale, "spec.replicas", number(object, "spec.replicas").filter(|it| *it != 0));
    default(&mut scale, "status.selector", selector(at(object, "spec.selector")));
    scale
}

/// A selector as the text that a query takes.
pub(crate) fn selector(selector: &Value) -> String {
    let plain = selector.get("matchLabels").or_else(|| {
        let old = selector.as_object().is_some_and(|it| it.values().all(Value::is_string));
        old.then_some(selector)
    });
    let mut parts: Vec<String> = plain
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    for it in list(selector, "matchExpressions") {
        let key = text(it, "key");
        let values: Vec<_> = list(it, "values").iter().filter_map(Value::as_str).collect();
        parts.push(match text(it, "operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    parts.sort();
    parts.join(",")
}

/// Labels as the text that a table shows.
pub(crate) fn labels(value: &Value, path: &str) -> String {
    let parts: Vec<_> = entries(value, path)
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    parts.join(",")
}
