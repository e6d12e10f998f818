//! The invariants that every store checks on its data as they lie: their words, and what makes one row break them.
//!
//! The texts stand here once, so that all stores report the same. The judgements of single rows stand here too: a store
//! finds the rows (with SQL, or in maps) and asks. A new rule is a line of the list below, a function that judges a row, and
//! a damage of the conformance suite that trips it. What needs the chain is not here.

mod holdings;
mod money;
mod orders;
mod waiting;

use std::fmt::Display;

use ordain_engine::port::store::InvariantReport;

pub use holdings::{problem_of_coupon, problem_of_coupon_user, problem_of_locks, problem_of_points, problem_of_stock};
pub use money::{
    OrderMoney, problem_of_attempts, problem_of_ending, problem_of_lines, problem_of_payment, problem_of_sums,
};
pub use orders::{problem_of_edges, problem_of_events, problem_of_shares};
pub use waiting::{
    problem_of_account_timers, problem_of_message, problem_of_payment_step, problem_of_refund_step, problem_of_timer,
};

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $number:literal, $words:literal;)*) => {
        /// One rule that a store checks. Several may belong to one invariant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        /// The number of the invariant and the words of each rule, in the order in which stores report them. The numbers are
        /// those of ARCHITECTURE.md, section invariants.
        pub const RULES: &[(u8, &str)] = &[$(($number, $words)),*];
    };
}

rules! {
    /// Counters, ledger and locks of a SKU.
    Stock = 1,
        "per SKU: on_hand = received + returned - sold = sum of the ledger, 0 <= locked <= on_hand, \
         locked = sum of held locks";
    /// What an order locks.
    Locks = 2,
        "a lock is held only for an order in creating, pending_payment or closing; a paid order's locks are deducted; an \
         order has a lock on all that its lines need";
    /// An order's events and its row.
    Events = 3, "per order: fold(events) = state; event numbers are 1..version without a gap; the log has no gap";
    /// The statuses that an order went through.
    Edges = 3,
        "each change of an order's status is an edge of its machine; nothing but late money leaves an ended one; the \
         status of a paid one follows from where its units stand";
    /// The books of an order.
    Sums = 4,
        "per order: captured, refunded and refunding are the sums over its payments, and paid and refunded of the order; \
         every payment and refund is named by its order's account";
    /// The money of an order against its status.
    Endings = 4,
        "an unpaid order has no money, a paid one is paid in full by one attempt, of a cancelled one all money is back or \
         on its way";
    /// The refunds of a payment.
    Refunds = 5, "per payment: refunded and refunding are the sums of its refunds, together at most captured";
    /// What was refunded of a line.
    Lines = 5, "per line: the money that was given back = the shares of as many of its units, at most all of them";
    /// Orders and the keys they were placed under.
    Keys = 6, "one order per (user, idempotency key)";
    /// The attempts of an order.
    Attempts = 6,
        "at most one attempt counts for an order, any other that was captured is refunded; a money movement of a channel \
         belongs to one attempt";
    /// Coupons and points.
    Holdings = 7,
        "coupon: frozen or used by at most one order; template limit never overrun. points: balance = sum of \
         entries >= 0, frozen = sum over unpaid orders";
    /// The price of an order and its lines.
    Shares = 8, "sum of line shares = order total = goods - promotions - coupon - points + shipping";
    /// Timers.
    Timers = 9,
        "every timer due for longer than the scan interval has been run; every unpaid order has its close timer, every \
         account the timers that it names, and nothing else has one";
    /// The outbox.
    Outbox = 9, "every message that has waited for longer than the scan interval has been delivered";
    /// What happens next to a payment or a refund.
    Steps = 9, "every open payment is asked about again or waits for a person; every open refund has a next step";
}

/// Most examples in a report.
pub const EXAMPLES_MAX: usize = 100;

/// The reports in the making, one a rule.
#[derive(Debug)]
pub struct Checks(Vec<InvariantReport>);

impl Default for Checks {
    fn default() -> Checks {
        let report = |(invariant, rule): &(u8, &'static str)| InvariantReport {
            invariant: *invariant,
            rule,
            examined: 0,
            broken: 0,
            examples: Vec::new(),
        };
        Checks(RULES.iter().map(report).collect())
    }
}

impl Checks {
    /// Counts one row that was looked at under a rule, and what is wrong with it.
    pub fn examine(&mut self, rule: Rule, name: impl Display, problem: Option<String>) {
        let report = &mut self.0[rule as usize];
        report.examined += 1;
        if let Some(problem) = problem {
            report.broken += 1;
            if report.examples.len() < EXAMPLES_MAX {
                report.examples.push(format!("{name}: {problem}"));
            }
        }
    }

    /// Counts a row that breaks a rule.
    pub fn broken(&mut self, rule: Rule, name: impl Display, problem: impl Into<String>) {
        self.examine(rule, name, Some(problem.into()));
    }

    /// One report a rule, in the order of [`RULES`].
    #[must_use]
    pub fn finish(self) -> Vec<InvariantReport> {
        self.0
    }
}
