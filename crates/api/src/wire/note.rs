//! The body of a step that a person takes and accounts for: a note, and nothing else.

use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{field_errors::FieldErrors, problem::Problem};

/// Longest note, in characters.
const NOTE_LENGTH_MAX: usize = 1_000;

/// How a person settled something.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteBody)]
pub(crate) struct NoteBody<'a> {
    /// What was found or done, in the person's own words: 1 to 1,000 characters. It is kept for ever.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 1_000)]
    note: Cow<'a, str>,
}

impl NoteBody<'_> {
    /// The note once its bounds are checked.
    pub(crate) fn checked(self) -> Result<Arc<str>, Problem> {
        let mut errors = FieldErrors::new();
        errors.text(&self.note, NOTE_LENGTH_MAX, format_args!("/note"));
        errors.finish(Some(Arc::from(self.note.as_ref())))
    }
}
