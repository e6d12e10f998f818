//! What the server says is stuck, less what the run means to be: orders whose attempt took another amount wait for a person.

use std::{collections::BTreeSet, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::rows::{Rows, parsed};
use crate::{
    cli::Failure,
    load::{
        bulk::exchange_patiently,
        client::{Connection, Endpoint},
        tally::Sampled,
    },
};

#[derive(Deserialize)]
struct List {
    data: Vec<Value>,
}

/// Everything on the list, as the server shows it: of each kind the 100 oldest.
///
/// # Errors
/// The server does not answer within `patience`.
pub(super) async fn read(
    endpoint: &Endpoint,
    connection: &mut Connection,
    patience: Duration,
) -> Result<Vec<Value>, Failure> {
    let mut request = Vec::new();
    endpoint.head("GET", "/v1/ops/stuck", None).write(&mut request, b"", None, b"");
    let list: List = parsed(&exchange_patiently(connection, &request, patience).await?)?;
    Ok(list.data)
}

/// Adds what was not meant to be stuck to `found`. Things of orders that are not of the run are somebody else's.
pub(super) fn judge(stuck: &[Value], rows: &[Rows], meant: &BTreeSet<String>, found: &mut Sampled) {
    let of_run: BTreeSet<&str> = rows.iter().map(|rows| rows.order.id.as_str()).collect();
    for thing in stuck {
        let order = thing["order_id"].as_str();
        let is_meant = order.is_some_and(|order| meant.contains(order) || !of_run.contains(order));
        if !is_meant {
            found.add(|| thing.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::life::misbehave::rows::{OrderRow, PriceRow};
    use serde_json::json;

    #[test]
    fn only_what_was_meant_may_be_stuck() {
        let rows = ["ord_1", "ord_2"].map(|id| Rows {
            order: OrderRow {
                id: id.to_owned(),
                status: "paid".to_owned(),
                paid: 0,
                refunded: 0,
                price: PriceRow { total: 1 },
            },
            payments: Vec::new(),
        });
        let meant = BTreeSet::from(["ord_1".to_owned()]);
        for (order, count) in [(json!("ord_1"), 0), (json!("ord_2"), 1), (json!("ord_3"), 0), (Value::Null, 1)] {
            let mut found = Sampled::default();
            judge(&[json!({"order_id": order})], &rows, &meant, &mut found);
            assert_eq!(found.count, count, "{order}");
        }
    }
}
