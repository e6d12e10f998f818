//! The HTTP contract of Ordain: routes, wire types, problems, idempotency keys, conditional requests, OpenAPI, metrics.
//!
//! It knows the engine's handle and nothing below it: no store, no SQL, no configuration file. It holds no rule of business
//! either: it checks the form of a request, turns it into a command, and turns the answer back into JSON. Listening,
//! TLS and shutting down are the server's.
//!
//! The way of a request: [`router`](router()) picks the handler and puts `observe` around it; `submission` or `body` read
//! it; `wire` gives it a form; `http` sends it to the engine; `answer` or `problem` write what comes back.

mod accept;
mod answer;
mod app;
mod body;
mod currency_text;
mod event_stream;
mod field_errors;
mod http;
mod json_text;
mod metrics;
mod number_text;
mod observe;
mod openapi;
mod paging;
mod path;
mod preconditions;
mod problem;
mod refusal;
mod router;
mod settings;
mod submission;
mod time_text;
mod wire;

pub use router::{openapi_json, router, router_with_drain};
pub use settings::ApiSettings;
pub use wire::cloud_event::cloud_event;
