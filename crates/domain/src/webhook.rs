//! Webhook endpoints: where somebody wants to be told of events, of which ones, and signed with which secret.
//!
//! Each endpoint is a consumer of its own (room `letter`): its own cursor, its own letters. This room sends nothing, signs
//! nothing and knows no HTTP; it keeps the endpoint, its secrets and what became of tries.

pub mod command;
pub mod decide;
pub mod delivery;
pub mod event;
pub mod pattern;
pub mod secret;
pub mod state;

pub use command::{DeleteWebhook, DisableWebhook, NoteAttempts, PutWebhook, RotateSecret};
pub use delivery::{Attempt, AttemptOutcome, Delivery};
pub use event::WebhookDisabled;
pub use pattern::EventPattern;
pub use secret::WebhookSecret;
pub use state::{DisableReason, OldSecret, Webhook, WebhookState};
