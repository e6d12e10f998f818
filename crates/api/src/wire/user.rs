//! Profiles of users on the wire.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{ids::UserId, time::Timestamp, user::User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{field_errors::FieldErrors, problem::Problem, time_text::Rfc3339};

/// Longest display name and phone number, in characters.
const TEXT_LENGTH_MAX: usize = 200;
/// Longest mail address, in characters (RFC 5321 §4.5.3.1, as corrected by erratum 1690).
const EMAIL_LENGTH_MAX: usize = 254;

/// A profile as it shall be. Ordain verifies none of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserBody)]
pub(crate) struct UserBody<'a> {
    /// Display name: 1 to 200 characters.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    name: Option<Cow<'a, str>>,
    /// Mail address: at most 254 characters with an @.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 254)]
    email: Option<Cow<'a, str>>,
    /// Phone number: 1 to 200 characters.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    phone: Option<Cow<'a, str>>,
}

impl UserBody<'_> {
    /// The profile of this body. Version and time are given by the domain.
    pub(crate) fn into_user(self, id: UserId) -> Result<User, Problem> {
        let mut errors = FieldErrors::new();
        for (pointer, text, length_max) in [
            ("/name", &self.name, TEXT_LENGTH_MAX),
            ("/email", &self.email, EMAIL_LENGTH_MAX),
            ("/phone", &self.phone, TEXT_LENGTH_MAX),
        ] {
            if let Some(text) = text {
                errors.text(text, length_max, format_args!("{pointer}"));
            }
        }
        if let Some((local, domain)) = self.email.as_deref().map(|email| email.rsplit_once('@').unwrap_or_default()) {
            let is_address = !local.is_empty() && !domain.is_empty();
            errors.require(is_address, format_args!("/email"), "must have an @ between two parts");
        }
        let text = |text: Option<Cow<'_, str>>| text.map(|text| Arc::from(text.as_ref()));
        let (name, email, phone) = (text(self.name), text(self.email), text(self.phone));
        errors.finish(Some(User { id, name, email, phone, version: 0, updated_at: Timestamp(0) }))
    }
}

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView<'a> {
    id: &'a str,
    name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

impl<'a> From<&'a User> for UserView<'a> {
    fn from(user: &'a User) -> UserView<'a> {
        UserView {
            id: user.id.as_str(),
            name: user.name.as_deref(),
            email: user.email.as_deref(),
            phone: user.phone.as_deref(),
            version: user.version,
            updated_at: Rfc3339(user.updated_at),
        }
    }
}
