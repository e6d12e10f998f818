//! Puts the calls together: routes, the OpenAPI document that follows from them, and what surrounds every route.

use std::sync::Arc;

use axum::{
    Router,
    http::{Method, StatusCode, Uri},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use bytes::Bytes;
use ordain_engine::Engine;
use tokio::sync::{Semaphore, watch};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    app::{App, SharedApp},
    http::{
        after_sales,
        channels::{self, Notifications},
        coupons, health, ops, orders, payments, points, products, promotions, quotes, refunds, shipments, stock, users,
        webhooks,
    },
    metrics::Metrics,
    observe::{Observe, RequestIds},
    openapi,
    problem::{Problem, ProblemCode},
    settings::ApiSettings,
};

/// Templates of routes that are no calls of the contract.
const METRICS: &str = "/metrics";
const OPENAPI: &str = "/openapi.json";
const DOCS: &str = "/docs";
const UNMATCHED: &str = "unmatched";

/// The HTTP interface on an engine. Streams end when the connection does; see [`router_with_drain`].
pub fn router(engine: Arc<Engine>, settings: ApiSettings) -> Router {
    router_with_drain(engine, settings, watch::channel(false).1)
}

/// The HTTP interface on an engine. Once `draining` is true, streams end and `/readyz` says no, while other calls are
/// answered as long as the engine takes commands.
pub fn router_with_drain(engine: Arc<Engine>, settings: ApiSettings, draining: watch::Receiver<bool>) -> Router {
    let metrics = Arc::new(Metrics::new());
    let around =
        Around { metrics: Arc::clone(&metrics), ids: Arc::new(RequestIds::new(engine.now().0.unsigned_abs())) };
    let (calls, document) = calls(&around).split_for_parts();
    let document = Bytes::from(openapi::rendered(document));
    let notifications = Notifications::new(engine.channels().iter().map(|channel| channel.name()));
    let registry = metrics.registry(Arc::clone(&engine), notifications.clone(), settings.ship_back_within);
    let verifying = Semaphore::new(1);
    let app: SharedApp = Arc::new(App { engine, settings, metrics, notifications, registry, draining, verifying });
    let docs = SwaggerUi::new(DOCS).config(Config::from(OPENAPI));
    let docs = Router::<SharedApp>::from(docs).layer(map_response(problem_of_page)).layer(around.observe(DOCS, None));
    calls
        .route(OPENAPI, around.methods(OPENAPI, get(move || async move { health::openapi_page(document) })))
        .merge(docs)
        .fallback_service(around.methods(UNMATCHED, any(not_found)).with_state(Arc::clone(&app)))
        .with_state(app)
}

/// The OpenAPI 3.1 document of all calls, pretty-printed and the same for the same code: what `ordain openapi` prints and
/// `GET /openapi.json` answers.
#[must_use]
pub fn openapi_json() -> String {
    let around = Around { metrics: Arc::new(Metrics::new()), ids: Arc::new(RequestIds::new(0)) };
    openapi::rendered(calls(&around).into_openapi())
}

/// The calls of the contract. All methods of a path stand together, because they share what surrounds them.
fn calls(around: &Around) -> OpenApiRouter<SharedApp> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(around.route(routes!(products::get::get_product, products::put::put_product)))
        .routes(around.route(routes!(products::list::list_products)))
        .routes(around.route(routes!(products::import::import_products)))
        .routes(around.route(routes!(stock::get::get_stock)))
        .routes(around.route(routes!(stock::adjust::adjust_stock)))
        .routes(around.route(routes!(stock::movements::list_movements)))
        .routes(around.route(routes!(promotions::get::get_promotion, promotions::put::put_promotion)))
        .routes(around.route(routes!(promotions::list::list_promotions)))
        .routes(around.route(routes!(coupons::get_template::get_template, coupons::put_template::put_template)))
        .routes(around.route(routes!(coupons::list_templates::list_templates)))
        .routes(around.route(routes!(coupons::grant::grant_coupon)))
        .routes(around.route(routes!(coupons::get::get_coupon)))
        .routes(around.route(routes!(quotes::quote)))
        .routes(around.route(routes!(users::get::get_user, users::put::put_user)))
        .routes(around.route(routes!(users::list_addresses::list_addresses)))
        .routes(around.route(routes!(users::get_address::get_address, users::put_address::put_address)))
        .routes(around.route(routes!(points::get::get_points)))
        .routes(around.route(routes!(points::adjust::adjust_points)))
        .routes(around.route(routes!(orders::list::list_orders, orders::place::place_order)))
        .routes(around.route(routes!(orders::batch::place_orders)))
        .routes(around.route(routes!(orders::get::get_order)))
        .routes(around.route(routes!(orders::cancel::cancel_order)))
        .routes(around.route(routes!(orders::events::list_events)))
        .routes(around.route(routes!(orders::watch::watch_order)))
        .routes(around.route(routes!(payments::list::list_payments, payments::open::open_payment)))
        .routes(around.route(routes!(payments::get::get_payment)))
        .routes(around.route(routes!(payments::qr::get_qr)))
        .routes(around.route(routes!(payments::refresh::refresh_payment)))
        .routes(around.route(routes!(payments::watch::watch_payment)))
        .routes(around.route(routes!(channels::notify::take_notification)))
        .routes(around.route(routes!(refunds::list::list_refunds, refunds::request::request_refund)))
        .routes(around.route(routes!(refunds::get::get_refund)))
        .routes(around.route(routes!(refunds::retry::retry_refund)))
        .routes(around.route(routes!(refunds::resolve::resolve_refund)))
        .routes(around.route(routes!(shipments::list::list_shipments, shipments::create::create_shipment)))
        .routes(around.route(routes!(shipments::get::get_shipment)))
        .routes(around.route(routes!(shipments::track::track_shipment)))
        .routes(around.route(routes!(orders::confirm_receipt::confirm_receipt)))
        .routes(around.route(routes!(after_sales::list::list_after_sales, after_sales::open::open_after_sale)))
        .routes(around.route(routes!(after_sales::get::get_after_sale)))
        .routes(around.route(routes!(after_sales::approve::approve_after_sale)))
        .routes(around.route(routes!(after_sales::reject::reject_after_sale)))
        .routes(around.route(routes!(after_sales::withdraw::withdraw_after_sale)))
        .routes(around.route(routes!(after_sales::ship_back::ship_back_after_sale)))
        .routes(around.route(routes!(after_sales::receive::receive_after_sale)))
        .routes(around.route(routes!(after_sales::reship::reship_after_sale)))
        .routes(around.route(routes!(health::healthz)))
        .routes(around.route(routes!(health::readyz)))
        .routes(around.route(routes!(health::metrics)))
        .merge(operators_calls(around))
}

/// Those that operators make, and those that set up who is told of what.
fn operators_calls(around: &Around) -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(around.route(routes!(ops::verify::verify)))
        .routes(around.route(routes!(ops::states::states)))
        .routes(around.route(routes!(ops::stuck::list_stuck)))
        .routes(around.route(routes!(ops::receipts::list_receipts)))
        .routes(around.route(routes!(ops::resolve_receipt::resolve_receipt)))
        .routes(around.route(routes!(ops::dead_letters::list_dead_letters)))
        .routes(around.route(routes!(ops::replay_letter::replay_dead_letter)))
        .routes(around.route(routes!(ops::skip_letter::skip_dead_letter)))
        .routes(around.route(routes!(ops::consumers::list_consumers)))
        .routes(around.route(routes!(ops::rewind::rewind_consumer)))
        .routes(around.route(routes!(webhooks::list::list_webhooks)))
        .routes(around.route(routes!(
            webhooks::get::get_webhook,
            webhooks::put::put_webhook,
            webhooks::delete::delete_webhook
        )))
        .routes(around.route(routes!(webhooks::test::test_webhook)))
        .routes(around.route(routes!(webhooks::rotate_secret::rotate_webhook_secret)))
        .routes(around.route(routes!(webhooks::deliveries::list_deliveries)))
        .routes(around.route(routes!(webhooks::redeliver::redeliver)))
}

/// What surrounds every route.
struct Around {
    metrics: Arc<Metrics>,
    ids: Arc<RequestIds>,
}

impl Around {
    fn route(&self, (schemas, paths, methods): UtoipaMethodRouter<SharedApp>) -> UtoipaMethodRouter<SharedApp> {
        let template = paths.paths.keys().next().expect("a route has a path").clone();
        let methods = self.methods(&template, methods);
        (schemas, paths, methods)
    }

    fn methods(
        &self,
        template: &str,
        methods: axum::routing::MethodRouter<SharedApp>,
    ) -> axum::routing::MethodRouter<SharedApp> {
        let produces = match template {
            UNMATCHED | METRICS => None,
            _ if template.ends_with("/notifications") => None,
            _ if template.ends_with("/qr.svg") => Some(payments::qr::SVG),
            _ if template.ends_with("/watch") => Some("text/event-stream"),
            _ => Some("application/json"),
        };
        let methods = if template == UNMATCHED { methods } else { methods.fallback(method_not_allowed) };
        methods.layer(self.observe(template, produces))
    }

    fn observe(&self, template: &str, produces: Option<&'static str>) -> Observe {
        Observe { route: Arc::new(self.metrics.route(template)), ids: Arc::clone(&self.ids), produces }
    }
}

async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(ProblemCode::MethodNotAllowed, format!("The path has no method {method}."))
}

async fn not_found(uri: Uri) -> Problem {
    Problem::new(ProblemCode::NotFound, format!("There is no path {}.", shortened(uri.path())))
}

/// A path may be as long as the head of a request; a problem is not.
fn shortened(path: &str) -> &str {
    &path[..path.floor_char_boundary(100)]
}

/// A page of the documentation that does not exist is a problem like everywhere else.
async fn problem_of_page(uri: Uri, response: Response) -> Response {
    match response.status() {
        StatusCode::NOT_FOUND => not_found(uri).await.into_response(),
        _ => response,
    }
}
