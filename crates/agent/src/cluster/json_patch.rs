//! A JSON Patch in the bytes that the API server can compare.
//!
//! Its `test` compares a text with its own encoding of the object, byte by byte, and that encoding
//! escapes `<`, `>`, `&` and two line separators even though JSON does not ask for it
//! (<https://pkg.go.dev/encoding/json#Marshal>; found by `test` failing on a shell command that
//! redirects its output). So those five are escaped here as well.

use kube::api::{Patch as KubePatch, PatchParams};
use kube::core::Request;
use serde_json::Value;
use types::Subresource;

use super::ClusterError;

/// The request that patches the object `name` of the resource behind `url`.
pub(super) fn request(
    url: &str,
    name: &str,
    subresource: Option<Subresource>,
    params: &PatchParams,
    operations: Value,
) -> Result<http::Request<Vec<u8>>, ClusterError> {
    let operations = serde_json::from_value(operations)
        .map_err(|it| ClusterError::Refused(format!("no JSON Patch: {it}")))?;
    let patch = KubePatch::Json::<()>(operations);
    let request = Request::new(url);
    let request = match subresource {
        None => request.patch(name, params, &patch),
        Some(Subresource::Resize) => request.patch_subresource("resize", name, params, &patch),
    };
    let request = request.map_err(|it| ClusterError::Refused(format!("no request: {it}")))?;
    Ok(request.map(|body| escaped(&body)))
}

/// The same JSON in the API server's own encoding. These characters only stand inside of strings.
fn escaped(json: &[u8]) -> Vec<u8> {
    let mut text = String::with_capacity(json.len());
    for character in String::from_utf8_lossy(json).chars() {
        match character {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            plain => text.push(plain),
        }
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_sent_as_the_api_server_writes_it() {
        let value = json!(["sh", "-c", "a <b >&2 && c \u{2028}\u{2029} ü \u{8} \"q\" \\"]);
        let operations = json!([{"op": "test", "path": "/command", "value": value}]);

        let request = request("/x", "web", None, &PatchParams::default(), operations.clone());

        let body = request.unwrap().into_body();
        let text = String::from_utf8(body).unwrap();
        let expected = r#""a \u003cb \u003e\u00262 \u0026\u0026 c \u2028\u2029 ü \b \"q\" \\""#;
        assert!(text.contains(expected), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), operations);
    }

    #[test]
    fn a_resize_goes_to_its_subresource() {
        let params = PatchParams { dry_run: true, ..PatchParams::default() };

        let request = request(
            "/api/v1/namespaces/shop/pods",
            "web",
            Some(Subresource::Resize),
            &params,
            json!([]),
        )
        .unwrap();

        assert_eq!(request.method(), "PATCH");
        assert_eq!(
            request.uri().to_string(),
            "/api/v1/namespaces/shop/pods/web/resize?&dryRun=All"
        );
    }
}
