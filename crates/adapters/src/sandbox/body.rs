//! Bodies that programs send to the sandboxes: JSON objects, read strictly.

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Most bytes of a body.
pub(crate) const BODY_BYTES_MAX: usize = 16 << 10;

/// A body that says that it is JSON and has no member that is unknown or stands there twice.
pub(crate) fn strict_json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::media_type());
    }
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::invalid("", "must be a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let pointer = if path == "." { String::new() } else { format!("/{}", path.replace('.', "/")) };
        Problem::invalid(&pointer, error.inner().to_string())
    })?;
    reader.end().map_err(|error| Problem::invalid("", error.to_string()))?;
    Ok(value)
}
