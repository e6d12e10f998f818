//! Typed reading of one section: every value leaves here with its type and within its bounds, or as a sentence that
//! names the key, the value and what is expected.
//!
//! It holds no rule of its own about any key.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Value;

use super::duration;
use super::error::ConfigError;
use super::layers::{Layers, Setting};

/// One section of the configuration, being read.
pub(super) struct Section<'a> {
    layers: &'a Layers,
    name: &'static str,
}

impl<'a> Section<'a> {
    /// The section `name` of the values gathered.
    pub(super) fn new(layers: &'a Layers, name: &'static str) -> Self {
        Self { layers, name }
    }

    /// A whole number within `bounds`.
    pub(super) fn integer<T: TryFrom<i64>>(&self, key: &str, bounds: RangeInclusive<i64>) -> Result<T, ConfigError> {
        let number = self.setting(key).value.as_integer().filter(|number| bounds.contains(number));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.wrong(key, &format!("a whole number from {} to {}", bounds.start(), bounds.end())))
    }

    /// A duration within `bounds`.
    pub(super) fn duration(&self, key: &str, bounds: RangeInclusive<Duration>) -> Result<Duration, ConfigError> {
        let duration = self.setting(key).value.as_str().and_then(duration::parse);
        duration.filter(|duration| bounds.contains(duration)).ok_or_else(|| {
            let (least, most) = (duration::text(*bounds.start()), duration::text(*bounds.end()));
            self.wrong(key, &format!("a duration such as \"500ms\", \"15m\" or \"7d\", from {least} to {most}"))
        })
    }

    /// A share above 0 and up to 1, in parts of `whole`, of which it is at least one.
    pub(super) fn share(&self, key: &str, whole: u32) -> Result<u32, ConfigError> {
        let value = &self.setting(key).value;
        let share = value.as_float().or_else(|| value.as_integer().filter(|share| *share == 1).map(|_| 1.0));
        let parts = share.map(|share| (share * f64::from(whole)).round()).filter(|parts| *parts >= 1.0);
        match parts.filter(|parts| *parts <= f64::from(whole)) {
            Some(parts) => Ok(parts as u32),
            None => Err(self.wrong(key, &format!("a share from {} to 1", 1.0 / f64::from(whole)))),
        }
    }

    /// A list of at most `count_max` durations, each within `bounds`.
    pub(super) fn durations(
        &self,
        key: &str,
        count_max: usize,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Vec<Duration>, ConfigError> {
        let item = |value: &Value| value.as_str().and_then(duration::parse).filter(|item| bounds.contains(item));
        let items = self.setting(key).value.as_array().filter(|items| items.len() <= count_max);
        items.and_then(|items| items.iter().map(item).collect()).ok_or_else(|| {
            let (least, most) = (duration::text(*bounds.start()), duration::text(*bounds.end()));
            let expected =
                format!("at most {count_max} durations such as [\"5s\", \"15m\"], each from {least} to {most}");
            self.wrong(key, &expected)
        })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, key: &str) -> Result<bool, ConfigError> {
        self.setting(key).value.as_bool().ok_or_else(|| self.wrong(key, "true or false"))
    }

    /// Text that `parse` accepts; `expected` describes what it accepts.
    pub(super) fn text<T>(
        &self,
        key: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.setting(key).value.as_str().and_then(parse).ok_or_else(|| self.wrong(key, expected))
    }

    /// The refusal of the present value of `key`.
    pub(super) fn wrong(&self, key: &str, expected: &str) -> ConfigError {
        let shown = match &self.setting(key).value {
            Value::String(text) => format!("{text:?}"),
            other => other.to_string(),
        };
        self.wrong_shown(key, shown, expected)
    }

    /// The refusal of the present value of `key`, with `shown` in the value's place because it may hold a secret.
    pub(super) fn wrong_shown(&self, key: &str, shown: String, expected: &str) -> ConfigError {
        ConfigError::WrongValue {
            key: format!("{}.{key}", self.name),
            value: shown,
            origin: self.setting(key).origin.clone(),
            expected: expected.to_owned(),
        }
    }

    /// The value of `key` if it is text, unchecked.
    pub(super) fn raw_text(&self, key: &str) -> Option<&'a str> {
        self.setting(key).value.as_str()
    }

    fn setting(&self, key: &str) -> &'a Setting {
        let setting = self.layers.get(&format!("{}.{key}", self.name));
        setting.expect("every key that a topic reads is in the default file, as its test shows")
    }
}
