//! Strict JSON in: parses a body into a wire type, and explains a refusal with an RFC 6901 pointer.
//!
//! The good path is one `serde_json` pass. Only a body that failed is parsed a second time to find the place. Depth is
//! bounded by serde_json's recursion limit (128), duplicate and unknown keys by the wire types. This room reads no
//! sockets.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_path_to_error::{Path, Segment};

use crate::problem::{FieldError, Problem};

/// Longest detail in bytes: serde quotes the offending value, which may be the whole body.
const DETAIL_LENGTH_MAX: usize = 200;
/// Longest pointer in bytes; a longer one (a key made of garbage) is cut to its parent.
const POINTER_LENGTH_MAX: usize = 256;

/// The wire value of a JSON text.
///
/// # Errors
/// `invalid_request` with the place of the first thing that is wrong.
pub(crate) fn parse_json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Problem> {
    match serde_json::from_slice::<Object<T>>(text) {
        Ok(Object(value)) => Ok(value),
        Err(error) => Err(explain::<Object<T>>(text, &error)),
    }
}

/// A struct that is written as a JSON object. Without this, serde takes an array of the fields' values as well.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Object)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

#[cold]
fn explain<'a, T: Deserialize<'a>>(text: &'a [u8], first: &serde_json::Error) -> Problem {
    // A value of a kind that an enumeration cannot have is reported by serde_json as if the text were broken.
    if !first.is_data() && serde_json::from_slice::<IgnoredAny>(text).is_err() {
        let detail = shortened(format!("is not valid JSON: {first}"));
        return Problem::invalid(vec![FieldError::at("", detail)]);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let error = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) => error,
        Ok(_) => return Problem::invalid(vec![FieldError::at("", shortened(first.to_string()))]),
    };
    let (pointer, detail) = place_and_detail(error.path(), &error.inner().to_string());
    Problem::invalid(vec![FieldError::at(pointer, shortened(detail))])
}

/// serde reports a missing key at its object; the place that a caller must mend is the key.
fn place_and_detail(path: &Path, message: &str) -> (String, String) {
    let mut pointer = pointer_of(path);
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let key = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    if let Some(rest) = message.strip_prefix("missing field `") {
        push_key(&mut pointer, &key(rest));
        return (pointer, "is required".to_owned());
    }
    if message.starts_with("unknown field `") {
        return (pointer, "is not a known field".to_owned());
    }
    if let Some(rest) = message.strip_prefix("duplicate field `") {
        let key = key(rest);
        if !pointer.ends_with(&format!("/{key}")) {
            push_key(&mut pointer, &key);
        }
        return (pointer, "occurs twice".to_owned());
    }
    if message == "expected value" {
        return (pointer, "must be one of the words that are taken here".to_owned());
    }
    let mut detail = message.to_owned();
    for (rust, plain) in [
        (", expected i64", ", expected an integer of 64 bits"),
        (", expected a sequence", ", expected an array"),
        (", expected a map", ", expected an object"),
    ] {
        detail = detail.replace(rust, plain);
    }
    (pointer, detail)
}

fn pointer_of(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let end = pointer.len();
        match segment {
            Segment::Seq { index } => push_key(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_key(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        if pointer.len() > POINTER_LENGTH_MAX {
            pointer.truncate(end);
            break;
        }
    }
    pointer
}

/// RFC 6901 §3: `~` and `/` are escaped within a reference token.
fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

fn shortened(mut detail: String) -> String {
    if detail.len() > DETAIL_LENGTH_MAX {
        detail.truncate(detail.floor_char_boundary(DETAIL_LENGTH_MAX));
        detail.push('…');
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the refusal of a bad body is looked at")]
    struct Body<'a> {
        #[serde(borrow)]
        user: Cow<'a, str>,
        #[serde(borrow)]
        lines: Vec<Object<Line<'a>>>,
        #[serde(default, rename = "a/b~c")]
        odd: i64,
        #[serde(default)]
        word: Option<Word>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the refusal of a bad body is looked at")]
    struct Line<'a> {
        #[serde(borrow)]
        sku: Cow<'a, str>,
        quantity: i64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Active,
    }

    fn refusal(text: &str) -> (String, String) {
        let problem = parse_json::<Body<'_>>(text.as_bytes()).unwrap_err();
        let value = serde_json::to_value(problem).unwrap();
        let error = &value["errors"][0];
        (error["pointer"].as_str().unwrap().to_owned(), error["detail"].as_str().unwrap().to_owned())
    }

    #[test]
    fn refusals_point_at_the_place() {
        let table = [
            (
                r#"{"user":"u","lines":[{"sku":"a","quantity":1.5}]}"#,
                "/lines/0/quantity",
                "invalid type: floating point `1.5`, expected an integer of 64 bits",
            ),
            (
                r#"{"user":"u","lines":[{"sku":"a","quantity":"1"}]}"#,
                "/lines/0/quantity",
                "invalid type: string \"1\", expected an integer of 64 bits",
            ),
            (
                r#"{"user":"u","lines":[{"sku":"a","quantity":9223372036854775808}]}"#,
                "/lines/0/quantity",
                "invalid value: integer `9223372036854775808`, expected an integer of 64 bits",
            ),
            (r#"{"user":"u","lines":[{"sku":"a","quantity":1e400}]}"#, "/lines/0/quantity", "number out of range"),
            (r#"{"user":"u","lines":[{"sku":"a"}]}"#, "/lines/0/quantity", "is required"),
            (r#"{"user":"u","lines":[{"sku":"a","quantity":1,"total":0}]}"#, "/lines/0/total", "is not a known field"),
            (r#"{"user":"u","user":"v","lines":[]}"#, "/user", "occurs twice"),
            (r#"{"user":null,"lines":[]}"#, "/user", "invalid type: null, expected a string"),
            (r#"{"user":"u","lines":{}}"#, "/lines", "invalid type: map, expected an array"),
            (
                r#"{"user":"u","lines":[],"a/b~c":true}"#,
                "/a~1b~0c",
                "invalid type: boolean `true`, expected an integer of 64 bits",
            ),
            (r#"{"user":"u","lines":[],"word":true}"#, "/word", "must be one of the words that are taken here"),
            (r#"{"user":"u","lines":[],"word":"x"}"#, "/word", "unknown variant `x`, expected `active`"),
            ("[]", "", "invalid type: sequence, expected an object"),
            (r#"["u",[]]"#, "", "invalid type: sequence, expected an object"),
            (r#"{"user":"u","lines":[["a",1]]}"#, "/lines/0", "invalid type: sequence, expected an object"),
            (r#"7"#, "", "invalid type: integer `7`, expected an object"),
            (r#"{"user":"u","#, "", "is not valid JSON: EOF while parsing a value at line 1 column 12"),
            (r#"{"user":"u","lines":[]} x"#, "", "is not valid JSON: trailing characters at line 1 column 25"),
            ("", "", "is not valid JSON: EOF while parsing a value at line 1 column 0"),
        ];
        for (text, pointer, detail) in table {
            assert_eq!(refusal(text), (pointer.to_owned(), detail.to_owned()), "{text}");
        }
    }

    #[test]
    fn depth_garbage_and_length_are_survived() {
        let deep = "[".repeat(100_000);
        for text in [deep.clone(), format!(r#"{{"user":"u","lines":{deep}"#), format!(r#"{{"x":{deep}"#)] {
            assert!(parse_json::<Body<'_>>(text.as_bytes()).is_err());
            assert!(parse_json::<serde_json::Value>(text.as_bytes()).is_err());
        }
        let long = "ä".repeat(10_000);
        let (pointer, _) = refusal(&format!(r#"{{"user":"u","lines":[],"{long}":1}}"#));
        assert_eq!(pointer, "");
        let (_, detail) = refusal(&format!(r#"{{"user":"u","lines":"{long}"}}"#));
        assert!(detail.len() <= DETAIL_LENGTH_MAX + '…'.len_utf8());
        assert!(parse_json::<Body<'_>>(b"{\"user\":\"\xff\",\"lines\":[]}").is_err());
    }
}
