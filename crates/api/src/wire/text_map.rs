//! Free pairs of the caller (`metadata`, `attributes`): text to text, each key once.

use std::{collections::BTreeMap, fmt};

use ordain_domain::catalog::{ATTRIBUTE_KEY_LENGTH_MAX, ATTRIBUTE_VALUE_LENGTH_MAX, ATTRIBUTES_MAX};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use utoipa::ToSchema;

use crate::field_errors::FieldErrors;

/// At most 50 pairs; keys have 1 to 64 characters, values at most 500.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = BTreeMap<String, String>)]
pub(crate) struct TextMap(pub(crate) BTreeMap<String, String>);

impl TextMap {
    /// Notes the pairs that break a bound.
    pub(crate) fn check(&self, errors: &mut FieldErrors, pointer: &'static str) {
        errors.require(self.0.len() <= ATTRIBUTES_MAX, format_args!("{pointer}"), "must hold at most 50 pairs");
        for (key, value) in self.0.iter().take(ATTRIBUTES_MAX) {
            let token = || key.replace('~', "~0").replace('/', "~1");
            if key.is_empty() || key.chars().count() > ATTRIBUTE_KEY_LENGTH_MAX {
                errors.push(format_args!("{pointer}"), "must have keys of 1 to 64 characters");
            } else if value.chars().count() > ATTRIBUTE_VALUE_LENGTH_MAX {
                errors.push(format_args!("{pointer}/{}", token()), "must have at most 500 characters");
            }
        }
    }
}

impl<'de> Deserialize<'de> for TextMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TextMap, D::Error> {
        deserializer.deserialize_map(TextMapVisitor)
    }
}

struct TextMapVisitor;

impl<'de> Visitor<'de> for TextMapVisitor {
    type Value = TextMap;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<TextMap, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = pairs.next_key::<String>()? {
            let value = pairs.next_value()?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            map.insert(key, value);
        }
        Ok(TextMap(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_texts_with_bounds() {
        let parse = |text: &str| serde_json::from_str::<TextMap>(text).map_err(|error| error.to_string());
        assert_eq!(parse(r#"{"a":"b","c":""}"#).unwrap().0.len(), 2);
        for text in [r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":{}}"#, "[]", "1"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(r#"{"a":"b","a":"b"}"#).unwrap_err().starts_with("duplicate field `a`"));
        let many = (0..=ATTRIBUTES_MAX).map(|number| (number.to_string(), String::new())).collect();
        let pair = |key: String, value: String| BTreeMap::from([(key, value)]);
        let table = [
            (many, "/metadata"),
            (pair(String::new(), String::new()), "/metadata"),
            (pair("k".repeat(65), String::new()), "/metadata"),
            (pair("a/b~".to_owned(), "v".repeat(501)), "/metadata/a~1b~0"),
        ];
        for (map, pointer) in table {
            let mut errors = FieldErrors::new();
            TextMap(map).check(&mut errors, "/metadata");
            let value = serde_json::to_value(errors.finish(None::<()>).unwrap_err()).unwrap();
            assert_eq!(value["errors"][0]["pointer"], pointer);
        }
    }
}
