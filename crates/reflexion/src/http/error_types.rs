//! The words that `error_type` may be, in the document.

use serde_json::Value;
use types::Fault;
use utoipa::openapi::path::{Parameter, PathItem};
use utoipa::openapi::{OpenApi, RefOr, Schema};

/// Lists every word for a fault where a query takes one, so that a reader can choose.
pub(super) fn list(document: &mut OpenApi) {
    let words = words();
    for item in document.paths.paths.values_mut() {
        let PathItem { get, post, delete, .. } = item;
        let operations = [get, post, delete].into_iter().flatten();
        for parameter in operations.flat_map(|it| it.parameters.iter_mut().flatten()) {
            let RefOr::T(Parameter {
                name, schema: Some(RefOr::T(Schema::Object(schema))), ..
            }) = parameter
            else {
                continue;
            };
            if name == "error_type" {
                schema.enum_values = Some(words.clone());
            }
        }
    }
}

/// The words of Kubernetes first, then ours, each once.
fn words() -> Vec<Value> {
    let of_kubernetes = Fault::ALL.iter().map(|it| it.error_type());
    let more = ["ErrImagePull", "CreateContainerError", "PodPending"];
    let mut res: Vec<Value> = vec![];
    for word in of_kubernetes.chain(more).chain(Fault::ALL.iter().map(|it| it.as_str())) {
        if !res.iter().any(|it| it == word) {
            res.push(word.into());
        }
    }
    res
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_listed_names_a_fault() {
        for word in words() {
            assert!(!Fault::from_error_type(word.as_str().unwrap()).is_empty(), "{word}");
        }
    }
}
