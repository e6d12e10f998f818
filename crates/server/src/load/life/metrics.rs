//! How many notifications the server counts, by what became of them: one family out of its metrics.
//!
//! It reads the text format of Prometheus (version 0.0.4) as far as Ordain writes it.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    cli::Failure,
    load::{
        bulk::exchange_patiently,
        client::{Connection, Endpoint},
    },
};

const FAMILY: &str = "ordain_payment_notifications_total";

/// Counts by result.
pub(super) type Results = BTreeMap<String, u64>;

/// Reads the counts of the sandbox's notifications.
///
/// # Errors
/// The server does not answer within `patience`, or not with its metrics.
pub(super) async fn notifications(
    endpoint: &Endpoint,
    connection: &mut Connection,
    patience: Duration,
) -> Result<Results, Failure> {
    let mut request = Vec::new();
    endpoint.head("GET", "/metrics", None).write(&mut request, b"", None, b"");
    let answer = exchange_patiently(connection, &request, patience).await?;
    let text = String::from_utf8(answer.body)?;
    if answer.status != 200 {
        return Err(format!("the server's metrics: status {}", answer.status).into());
    }
    Ok(results_in(&text))
}

/// What grew between two readings, and by how much.
pub(super) fn grown(before: &Results, after: &Results) -> Results {
    let more = |(name, count): (&String, &u64)| {
        let more = count.saturating_sub(before.get(name).copied().unwrap_or(0));
        (more > 0).then(|| (name.clone(), more))
    };
    after.iter().filter_map(more).collect()
}

fn results_in(text: &str) -> Results {
    text.lines().filter_map(sample).collect()
}

fn sample(line: &str) -> Option<(String, u64)> {
    let (labels, count) = line.strip_prefix(FAMILY)?.strip_prefix('{')?.split_once('}')?;
    if label(labels, "channel")? != "sandbox" {
        return None;
    }
    Some((label(labels, "result")?.to_owned(), count.trim().parse().ok()?))
}

fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let value = labels.split(',').find_map(|label| label.strip_prefix(name)?.strip_prefix("=\""))?;
    value.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_family_is_read_by_its_results() {
        let text = "# HELP ordain_payment_notifications Notifications.\n\
            ordain_payment_notifications_total{channel=\"sandbox\",result=\"applied\"} 12\n\
            ordain_payment_notifications_total{result=\"known\",channel=\"sandbox\"} 3\n\
            ordain_payment_notifications_total{channel=\"other\",result=\"forged\"} 9\n\
            ordain_orders_total{outcome=\"placed\"} 4\n";
        let results = results_in(text);
        let expected = [("applied".to_owned(), 12), ("known".to_owned(), 3)];
        assert_eq!(results, Results::from(expected.clone()));
        let before = Results::from([("applied".to_owned(), 12)]);
        assert_eq!(grown(&before, &results), Results::from([expected[1].clone()]));
    }
}
