//! The money of each order in memory: invariants 4, 5 and 6.

use ordain_domain::{payment::Payment, payment::TransactionKey, refund::Refund};

use super::super::state::State;
use crate::invariants::{
    Checks, OrderMoney, Rule, problem_of_attempts, problem_of_ending, problem_of_lines, problem_of_payment,
    problem_of_sums,
};

/// Checks the money of all orders.
pub(super) fn check(state: &State, checks: &mut Checks) {
    let rows = &state.rows;
    for (id, order) in &rows.orders {
        let payments: Vec<Payment> = state.payments_of(*id).cloned().collect();
        let refunds: Vec<Refund> = state.refunds_of(*id).cloned().collect();
        let account = rows.accounts.get(id).map(AsRef::as_ref);
        let money = OrderMoney { order, account, payments: &payments, refunds: &refunds };
        checks.examine(Rule::Sums, id, problem_of_sums(&money));
        checks.examine(Rule::Endings, id, problem_of_ending(&money));
        checks.examine(Rule::Lines, id, problem_of_lines(&money));
        checks.examine(Rule::Attempts, id, problem_of_attempts(&money));
        for payment in &payments {
            checks.examine(Rule::Refunds, payment.id, problem_of_payment(payment, &refunds));
            checks.examine(Rule::Attempts, payment.id, problem_of_transaction(state, payment));
        }
    }
    let strangers = rows.payments.values().filter(|payment| !rows.orders.contains_key(&payment.order));
    strangers.for_each(|payment| checks.broken(Rule::Sums, payment.id, "of an order that is not there"));
    let strangers = rows.refunds.values().filter(|refund| !rows.orders.contains_key(&refund.order));
    strangers.for_each(|refund| checks.broken(Rule::Sums, refund.id, "of an order that is not there"));
}

fn problem_of_transaction(state: &State, payment: &Payment) -> Option<String> {
    let transaction = payment.transaction.clone().filter(|_| payment.captured > 0)?;
    let key = TransactionKey { channel: payment.channel.clone(), transaction };
    let named = state.rows.transactions.get(&key).copied();
    (named != Some(payment.id)).then(|| format!("its money movement is of {named:?}"))
}
