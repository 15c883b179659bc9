//! The body of `PUT /api/v1/mode` as it is described: a schema of two halves can say that `auto` wants a reason.

use types::Mode;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A `ModeBody` that is accepted.
pub(super) struct ModeOrder;

impl PartialSchema for ModeOrder {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let other = half(&[Mode::Observe, Mode::Suggest]).property("reason", text());
        let arming = half(&[Mode::Auto]).property("reason", text().pattern(Some("\\S")));
        OneOfBuilder::new().item(other).item(arming.required("reason")).into()
    }
}

impl ToSchema for ModeOrder {}

fn half(modes: &[Mode]) -> ObjectBuilder {
    let mode = ObjectBuilder::new().schema_type(Type::String);
    let mode = mode.enum_values(Some(modes.iter().map(Mode::to_string)));
    let nothing_else = AdditionalProperties::<Schema>::FreeForm(false);
    let object = ObjectBuilder::new().schema_type(Type::Object).property("mode", mode);
    object.required("mode").additional_properties(Some(nothing_else))
}
