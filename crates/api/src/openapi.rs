//! The OpenAPI document around the calls: title, tags, and the problem that every call may answer.

mod parameters;

use utoipa::{
    OpenApi,
    openapi::{
        Content, Ref, RefOr, Response,
        path::{Operation, PathItem},
    },
};

use crate::wire::problem_view;

/// Where the problem's schema and response stand among the components.
const PROBLEM_SCHEMA: &str = "#/components/schemas/Problem";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ordain",
        description = "An order engine for commerce. Money is integers in minor units, times are RFC 3339 in UTC, errors are \
                       application/problem+json (RFC 9457) with a stable `code`. Every change takes `If-Match` with the \
                       version of the resource; every POST with an effect takes `Idempotency-Key`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "orders", description = "Place, read, cancel, watch"),
        (name = "payments", description = "Attempts to pay an order, and what channels send"),
        (name = "refunds", description = "Money that goes back"),
        (name = "catalog", description = "Products"),
        (name = "stock", description = "Units on hand, and the ledger of what changed them"),
        (name = "pricing", description = "Promotions, coupons, quotes"),
        (name = "users", description = "Profiles, addresses, points"),
        (name = "webhooks", description = "Endpoints that are told of events"),
        (name = "operations", description = "Checks and counts"),
        (name = "machine", description = "Health")
    )
)]
struct Frame;

/// The document before the calls are put in.
pub(crate) fn frame() -> utoipa::openapi::OpenApi {
    let mut document = Frame::openapi();
    let components = document.components.get_or_insert_default();
    components.schemas.extend(problem_view::schemas());
    document
}

/// The finished document as text.
pub(crate) fn rendered(mut document: utoipa::openapi::OpenApi) -> String {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    parameters::describe(path, parameter);
                }
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    "Done".clone_into(&mut response.description);
                }
            }
            operation.responses.responses.insert("default".to_owned(), RefOr::T(problem_response()));
        }
    }
    let mut text = document.to_pretty_json().expect("the document is made of texts and numbers");
    text.push('\n');
    text
}

fn problem_response() -> Response {
    let schema = RefOr::Ref(Ref::new(PROBLEM_SCHEMA));
    let mut response = Response::new("Refused or failed");
    response.content.insert("application/problem+json".to_owned(), RefOr::T(Content::new(Some(schema))));
    response
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use crate::openapi_json;

    #[test]
    fn the_document_is_whole_and_the_same_each_time() {
        let text = openapi_json();
        assert_eq!(text, openapi_json());
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut missing = Vec::new();
        collect_missing(&document, schemas, &mut missing);
        assert_eq!(missing, [""; 0]);
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
                assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{method} {path}");
            }
        }
    }

    fn collect_missing(
        value: &serde_json::Value,
        schemas: &serde_json::Map<String, serde_json::Value>,
        missing: &mut Vec<String>,
    ) {
        match value {
            serde_json::Value::Object(members) => {
                if let Some(name) = members.get("$ref").and_then(|name| name.as_str()) {
                    let name = name.trim_start_matches("#/components/schemas/");
                    if !schemas.contains_key(name) {
                        missing.push(name.to_owned());
                    }
                }
                members.values().for_each(|member| collect_missing(member, schemas, missing));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect_missing(item, schemas, missing)),
            _ => {}
        }
    }
}
