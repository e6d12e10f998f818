//! The books of each order in memory, money and goods: invariants 3 to 6 and what waits of 9.

use std::{collections::BTreeSet, sync::Arc};

use ordain_domain::{
    after_sale::AfterSale,
    ids::{OrderId, RefundId},
    outbox::Task,
    payment::{Payment, TransactionKey},
    refund::Refund,
    shipment::Shipment,
    timer::Timer,
};

use super::super::state::State;
use crate::invariants::{Checks, OrderBooks, Rule};

/// Checks the books of all orders.
pub(super) fn check(state: &State, checks: &mut Checks) {
    let refunds_in_outbox: BTreeSet<RefundId> =
        state.messages.values().filter_map(|message| refund_of(message.task)).collect();
    for (id, order) in &state.rows.orders {
        let payments: Vec<Payment> = state.payments_of(*id).cloned().collect();
        let refunds: Vec<Refund> = state.refunds_of(*id).cloned().collect();
        let shipments: Vec<Shipment> = state.shipments_of(*id).cloned().collect();
        let after_sales: Vec<AfterSale> = state.after_sales_of(*id).cloned().collect();
        let books = OrderBooks {
            order,
            account: state.rows.accounts.get(id).map(Arc::as_ref),
            payments: &payments,
            refunds: &refunds,
            shipments: &shipments,
            after_sales: &after_sales,
        };
        checks.examine_books(&books, |refund| refunds_in_outbox.contains(&refund));
        for payment in &payments {
            checks.examine(Rule::Attempts, payment.id, problem_of_transaction(state, payment));
        }
        for (kind, due) in books.account.iter().flat_map(|account| &account.timers) {
            let is_set = state.timers.contains(&Timer { due: *due, kind: *kind, order: *id });
            checks.examine(Rule::Timers, id, (!is_set).then(|| format!("{kind:?} of its account is not set")));
        }
    }
    strangers(state, checks);
}

const fn refund_of(task: Task) -> Option<RefundId> {
    match task {
        Task::SendRefund(refund) | Task::QueryRefund(refund) => Some(refund),
        _ => None,
    }
}

/// Rows of orders that are not there.
fn strangers(state: &State, checks: &mut Checks) {
    let rows = &state.rows;
    let mut check = |order: &OrderId, name: String| {
        if !rows.orders.contains_key(order) {
            checks.broken(Rule::Sums, name, format!("of {order}, which is not there"));
        }
    };
    rows.payments.values().for_each(|row| check(&row.order, row.id.to_string()));
    rows.refunds.values().for_each(|row| check(&row.order, row.id.to_string()));
    rows.shipments.values().for_each(|row| check(&row.order, row.id.to_string()));
    rows.after_sales.values().for_each(|row| check(&row.order, row.id.to_string()));
}

fn problem_of_transaction(state: &State, payment: &Payment) -> Option<String> {
    let transaction = payment.transaction.clone().filter(|_| payment.captured > 0)?;
    let key = TransactionKey { channel: payment.channel.clone(), transaction };
    let named = state.rows.transactions.get(&key).copied();
    (named != Some(payment.id)).then(|| format!("its money movement is of {named:?}"))
}
