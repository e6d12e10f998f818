//! Every way in which money can go astray has to be found, and no honest end may be taken for one.

use super::*;
use crate::load::life::misbehave::{
    draw::Plot,
    rows::{OrderRow, PriceRow},
};

/// An attempt over 500: status, captured, refunded, refunding, whether it pays the order, whether a person is asked for.
type Attempt = (&'static str, i64, i64, i64, bool, bool);

struct Row {
    name: &'static str,
    order: (&'static str, i64, i64),
    attempts: &'static [Attempt],
    /// Captured and refunded by attempt.
    ledger: &'static [(i64, i64)],
    given_back: i64,
    /// uncompensated, unlike, unsettled, restless
    found: [u64; 4],
}

const PAID: Attempt = ("succeeded", 500, 0, 0, true, false);
const SECOND_BACK: Attempt = ("succeeded", 500, 500, 0, false, false);
const CLOSED: Attempt = ("closed", 0, 0, 0, false, false);

fn row(
    name: &'static str,
    order: (&'static str, i64, i64),
    (attempts, ledger): (&'static [Attempt], &'static [(i64, i64)]),
    found: [u64; 4],
) -> Row {
    Row { name, order, attempts, ledger, given_back: 0, found }
}

fn table() -> Vec<Row> {
    vec![
        row("paid and kept", ("completed", 500, 0), (&[PAID], &[(500, 0)]), [0; 4]),
        row("cancelled unpaid", ("cancelled", 0, 0), (&[CLOSED], &[(0, 0)]), [0; 4]),
        row("no attempt at all", ("cancelled", 0, 0), (&[], &[]), [0; 4]),
        row("late money, given back", ("cancelled", 500, 500), (&[SECOND_BACK], &[(500, 500)]), [0; 4]),
        row("second money, given back", ("paid", 1_000, 500), (&[PAID, SECOND_BACK], &[(500, 0), (500, 500)]), [0; 4]),
        Row {
            given_back: 70,
            ..row(
                "partly refunded",
                ("paid", 500, 70),
                (&[("succeeded", 500, 70, 0, true, false)], &[(500, 70)]),
                [0; 4],
            )
        },
        row(
            "cancelled by the merchant",
            ("cancelled", 500, 500),
            (&[("succeeded", 500, 500, 0, true, false)], &[(500, 500)]),
            [0; 4],
        ),
        row("another amount", ("cancelled", 0, 0), (&[("pending", 0, 0, 0, false, true)], &[(1, 0)]), [0; 4]),
        row(
            "late money, kept by us",
            ("cancelled", 500, 0),
            (&[("succeeded", 500, 0, 0, false, false)], &[(500, 0)]),
            [1, 0, 1, 0],
        ),
        row(
            "second money, kept by us",
            ("paid", 1_000, 0),
            (&[PAID, ("succeeded", 500, 0, 0, false, false)], &[(500, 0), (500, 0)]),
            [1, 0, 0, 0],
        ),
        row("money that nobody saw", ("cancelled", 0, 0), (&[CLOSED], &[(500, 0)]), [1, 2, 1, 0]),
        row("money that is not there", ("paid", 500, 0), (&[PAID], &[(0, 0)]), [0, 2, 1, 0]),
        row("a refund that is only said", ("cancelled", 500, 500), (&[SECOND_BACK], &[(500, 0)]), [1, 2, 1, 0]),
        row("given back twice", ("paid", 500, 0), (&[PAID], &[(500, 500)]), [0, 2, 1, 0]),
        row("paid without money", ("paid", 0, 0), (&[CLOSED], &[(0, 0)]), [0, 0, 1, 0]),
        row("two attempts pay it", ("paid", 1_000, 0), (&[PAID, PAID], &[(500, 0), (500, 0)]), [0, 0, 1, 0]),
        row("still open", ("closing", 0, 0), (&[("unknown", 0, 0, 0, false, false)], &[(0, 0)]), [0, 0, 0, 1]),
        row(
            "a refund under way",
            ("cancelled", 500, 0),
            (&[("succeeded", 500, 0, 500, false, false)], &[(500, 0)]),
            [1, 0, 0, 1],
        ),
        row(
            "another amount, taken for good",
            ("paid", 1, 0),
            (&[("succeeded", 1, 0, 0, true, false)], &[(1, 0)]),
            [0, 2, 1, 0],
        ),
    ]
}

fn payment(index: usize, attempt: &Attempt) -> PaymentRow {
    let (status, captured, refunded, refunding, pays_order, needs_attention) = *attempt;
    let (id, status) = (format!("pay_{index}"), status.to_owned());
    PaymentRow { id, status, amount: 500, captured, refunded, refunding, pays_order, needs_attention }
}

#[test]
fn every_way_astray_is_found() {
    for Row { name, order: (status, paid, refunded), attempts, ledger, given_back, found } in table() {
        let case = Case { number: 0, order: "ord_1".to_owned(), plot: Plot::Races, given_back, pay_when_over: None };
        let order = OrderRow {
            id: "ord_1".to_owned(),
            status: status.to_owned(),
            paid,
            refunded,
            price: PriceRow { total: 500 },
        };
        let payments = attempts.iter().enumerate().map(|(index, attempt)| payment(index, attempt)).collect();
        let moved = |(index, (captured, refunded)): (usize, &(i64, i64))| {
            let captures = u32::from(*captured > 0);
            (format!("pay_{index}"), Movements { captured: *captured, refunded: *refunded, captures })
        };
        let ledger: Ledger = ledger.iter().enumerate().map(moved).collect();
        let verdict = judge(&[case], &[Rows { order, payments }], &ledger);
        let counts = [&verdict.uncompensated, &verdict.unlike, &verdict.unsettled, &verdict.restless];
        assert_eq!(counts.map(|sampled| sampled.count), found, "{name}: {verdict:?}");
    }
}

#[test]
fn money_of_nobody_is_found() {
    let ledger = Ledger::from([("pay_9".to_owned(), Movements { captured: 5, refunded: 0, captures: 1 })]);
    assert_eq!(judge(&[], &[], &ledger).unlike.count, 1);
}
