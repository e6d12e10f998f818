//! Dead letters and consumers of the log on the wire.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{
    event::EventRecord,
    ids::{EventId, WebhookId},
    letter::{ConsumerRewound, Letter, LetterState},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    field_errors::FieldErrors,
    number_text::PrefixedId,
    problem::{FieldError, Problem},
    time_text::{Rfc3339, parse_rfc3339},
    wire::{ops::age_seconds, stuck::RepairView},
};

/// Longest reason, in characters. The domain bounds its bytes.
const REASON_LENGTH_MAX: usize = 500;

/// Where a dead letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeadLetterState)]
pub(crate) enum LetterWord {
    /// It is tried again by itself.
    Waiting,
    /// Tried to the end of its schedule: it waits for a person.
    Dead,
    /// It was taken.
    Delivered,
    /// A person gave it up.
    Skipped,
}

impl From<LetterState> for LetterWord {
    fn from(state: LetterState) -> LetterWord {
        match state {
            LetterState::Waiting => LetterWord::Waiting,
            LetterState::Dead => LetterWord::Dead,
            LetterState::Delivered => LetterWord::Delivered,
            LetterState::Skipped => LetterWord::Skipped,
        }
    }
}

/// The event of a letter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterEvent)]
pub(crate) struct LetterEventView {
    #[schema(value_type = String, example = "evt_7")]
    id: PrefixedId,
    r#type: &'static str,
    /// Its number among the order's events.
    seq: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Rfc3339,
}

impl From<&EventRecord> for LetterEventView {
    fn from(record: &EventRecord) -> LetterEventView {
        LetterEventView {
            id: record.id.into(),
            r#type: record.event.type_name(),
            seq: record.seq,
            at: Rfc3339(record.at),
        }
    }
}

/// What surrounds a letter.
#[derive(Clone, Debug, Default)]
pub(crate) struct LetterContext {
    /// Its event, as the log has it.
    pub(crate) event: Option<EventRecord>,
    /// The endpoint whose consumer could not take it.
    pub(crate) webhook: Option<WebhookId>,
    /// How many letters wait behind it.
    pub(crate) behind: Option<u64>,
}

/// An event that a consumer could not take.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct LetterView {
    #[schema(value_type = String, example = "ltr_7256")]
    id: PrefixedId,
    /// Who could not take it.
    consumer: String,
    /// The webhook endpoint whose consumer that is.
    webhook_id: Option<String>,
    /// What the event is about: `order/ord_…`. Letters of one consumer and subject are taken in the order of the log.
    subject: String,
    /// The order, where it is one.
    order_id: Option<String>,
    #[schema(value_type = String)]
    event_id: PrefixedId,
    event: Option<LetterEventView>,
    state: LetterWord,
    tries: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Rfc3339>,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_failed_at: Option<Rfc3339>,
    last_error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    parked_at: Rfc3339,
    /// How long ago that is, in whole seconds.
    age_seconds: u64,
    /// How many later events of the same subject are parked behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<u64>,
    /// The calls that end it.
    repairs: Vec<RepairView>,
}

impl LetterView {
    /// The letter as seen at `now`.
    pub(crate) fn new(letter: &Letter, context: &LetterContext, now: Timestamp) -> LetterView {
        let is_parked = !letter.state.is_gone();
        LetterView {
            id: letter.id.into(),
            consumer: letter.consumer.to_string(),
            webhook_id: context.webhook.as_ref().map(ToString::to_string),
            subject: letter.subject.to_string(),
            order_id: letter.subject.strip_prefix("order/").map(str::to_owned),
            event_id: letter.event.into(),
            event: context.event.as_ref().map(LetterEventView::from),
            state: letter.state.into(),
            tries: letter.tries,
            next_try_at: (letter.state == LetterState::Waiting).then_some(Rfc3339(letter.next_try_at)),
            first_failed_at: letter.first_failed_at.map(Rfc3339),
            last_error: letter.last_error.as_deref().map(str::to_owned),
            parked_at: Rfc3339(letter.parked_at),
            age_seconds: age_seconds(letter.parked_at, now),
            behind: context.behind,
            repairs: if is_parked { RepairView::of_letter(letter.id) } else { Vec::new() },
        }
    }
}

/// A page of dead letters, oldest first.
#[derive(Debug, ToSchema)]
#[schema(as = DeadLetterPage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct LetterPage {
    data: Vec<LetterView>,
    next_cursor: Option<String>,
}

/// What a replay does or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub(crate) struct ReplayView {
    /// Nothing was done.
    pub(crate) dry_run: bool,
    /// In a dry run all letters that would be tried one after another, up to the first failure; else the first of them, which
    /// is tried at once.
    pub(crate) data: Vec<LetterView>,
}

/// Why a letter is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SkipBody)]
pub(crate) struct SkipBody<'a> {
    /// In the operator's own words: 1 to 500 bytes. It is kept for ever.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Cow<'a, str>,
}

impl SkipBody<'_> {
    /// The reason once its bounds are checked.
    pub(crate) fn checked(self) -> Result<Arc<str>, Problem> {
        let mut errors = FieldErrors::new();
        errors.text(&self.reason, REASON_LENGTH_MAX, format_args!("/reason"));
        errors.finish(Some(Arc::from(self.reason.as_ref())))
    }
}

/// Which consumer goes back in the log, and where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RewindBody)]
pub(crate) struct RewindBody<'a> {
    /// Its name, or that of a webhook endpoint.
    #[serde(borrow)]
    #[schema(value_type = String, example = "whk_7254")]
    pub(crate) consumer: Cow<'a, str>,
    /// The first event to be told again: its id (`evt_…`), its position in the log, or a time (RFC 3339): then the first event
    /// at or after it.
    #[serde(borrow)]
    #[schema(value_type = String, example = "evt_7")]
    from: FromWhere<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FromWhere<'a> {
    Position(i64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

/// Where a consumer goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RewindPoint {
    /// To this event.
    Event(i64),
    /// To the first event at or after this.
    Time(Timestamp),
}

impl RewindBody<'_> {
    /// The point once its form is checked.
    pub(crate) fn point(&self) -> Result<RewindPoint, Problem> {
        let refused = || {
            let detail = "must be an event's id such as evt_7, its position in the log, or an RFC 3339 time";
            Problem::invalid(vec![FieldError::at("/from", detail)])
        };
        match &self.from {
            FromWhere::Position(position) if *position >= 0 => Ok(RewindPoint::Event(*position)),
            FromWhere::Position(_) => Err(refused()),
            FromWhere::Text(text) => match (text.parse::<EventId>(), text.parse::<u32>(), parse_rfc3339(text)) {
                (Ok(event), ..) => Ok(RewindPoint::Event(event.number())),
                (_, Ok(position), _) => Ok(RewindPoint::Event(i64::from(position))),
                (.., Ok(time)) => Ok(RewindPoint::Time(time)),
                _ => Err(refused()),
            },
        }
    }
}

/// A consumer that went back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rewound)]
pub(crate) struct RewoundView<'a> {
    consumer: &'a str,
    /// The position that it stands at: everything behind it is told again, at least once.
    position: i64,
    /// How many events of the log that is, wanted or not.
    events: i64,
}

impl<'a> From<&'a ConsumerRewound> for RewoundView<'a> {
    fn from(fact: &'a ConsumerRewound) -> RewoundView<'a> {
        RewoundView { consumer: fact.consumer.as_str(), position: fact.to, events: fact.from - fact.to }
    }
}

/// A reader of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consumer)]
pub(crate) struct ConsumerView {
    pub(crate) consumer: String,
    /// The webhook endpoint that it reads for.
    pub(crate) webhook_id: Option<String>,
    /// Up to where it has come in the log.
    pub(crate) position: i64,
    /// How many events it is behind the end of the log, wanted or not.
    pub(crate) lag: i64,
}

/// All consumers, by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsumerList)]
pub(crate) struct ConsumerList {
    pub(crate) data: Vec<ConsumerView>,
    /// Always null: consumers are few and come whole.
    pub(crate) next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewind_begins_at_an_event_a_position_or_a_time() {
        let table = [
            (r#""evt_7""#, Some(RewindPoint::Event(7))),
            ("7", Some(RewindPoint::Event(7))),
            (r#""7""#, Some(RewindPoint::Event(7))),
            ("0", Some(RewindPoint::Event(0))),
            (r#""2026-11-21T00:00:00Z""#, Some(RewindPoint::Time(Timestamp(1_795_219_200_000_000)))),
            ("-1", None),
            (r#""ord_7""#, None),
            (r#""yesterday""#, None),
        ];
        for (from, expected) in table {
            let json = format!(r#"{{"consumer":"c","from":{from}}}"#);
            let body: RewindBody<'_> = serde_json::from_str(&json).unwrap();
            assert_eq!(body.point().ok(), expected, "{from}");
        }
    }
}
