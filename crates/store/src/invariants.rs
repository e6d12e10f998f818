//! The invariants that every store checks on its data as they lie: their words, and what makes one row break them.
//!
//! The texts stand here once, so that all stores report the same. The judgements of single rows stand here too: a store
//! finds the rows (with SQL, or in maps) and asks. A new rule is a line of the list below, a function that judges a row, and
//! a damage of the conformance suite that trips it. What needs the chain is not here.

mod goods;
mod holdings;
mod money;
mod orders;
mod waiting;

use std::fmt::Display;

use ordain_domain::{
    after_sale::AfterSale,
    ids::RefundId,
    order::Order,
    payment::{OrderAccount, Payment},
    refund::Refund,
    shipment::Shipment,
};
use ordain_engine::port::store::InvariantReport;

pub use holdings::{problem_of_coupon, problem_of_coupon_user, problem_of_locks, problem_of_points, problem_of_stock};
pub use orders::{problem_of_cursor, problem_of_edges, problem_of_events, problem_of_shares};
pub use waiting::{problem_of_due, problem_of_message, problem_of_timer};

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
    /// An order's events and its row, and the log.
    Events = 3,
        "per order: fold(events) = state; event numbers are 1..version without a gap; the log has no gap, and no consumer \
         is ahead of it";
    /// The statuses that an order went through.
    Edges = 3,
        "each change of an order's status is an edge of its machine; nothing but late money leaves an ended one; the \
         status of a paid one follows from where its units stand";
    /// The parcels and after-sales of an order.
    Goods = 3,
        "per line: shipped and delivered units are those of its parcels; open after-sales claim no more units than there are";
    /// The books of an order.
    Sums = 4,
        "per order: captured, refunded and refunding are the sums over its payments, and paid and refunded of the order; \
         every payment, refund, parcel and after-sale is named by its order's account";
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
        "at most one attempt counts for an order, of any other no more is kept than an exchange costs; a money movement \
         of a channel belongs to one attempt";
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
    /// What happens next to a payment, a refund, a parcel or an after-sale.
    Steps = 9,
        "every open payment is asked about again or waits for a person; every open refund and after-sale has a next step; \
         every parcel with its buyer is confirmed one day";
}

/// The rows of everything that belongs to one order and that its account names.
#[derive(Clone, Copy, Debug)]
pub struct OrderBooks<'a> {
    /// The order.
    pub order: &'a Order,
    /// Its books, where it has some.
    pub account: Option<&'a OrderAccount>,
    /// Its attempts, oldest first.
    pub payments: &'a [Payment],
    /// Its refunds, oldest first.
    pub refunds: &'a [Refund],
    /// Its parcels, oldest first.
    pub shipments: &'a [Shipment],
    /// Its after-sales, oldest first.
    pub after_sales: &'a [AfterSale],
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

    /// Examines the books of one order, as far as that needs no other rows. `has_message` says whether a message about a refund
    /// is in the outbox.
    pub fn examine_books(&mut self, books: &OrderBooks<'_>, has_message: impl Fn(RefundId) -> bool) {
        let id = books.order.id;
        self.examine(Rule::Sums, id, money::problem_of_sums(books));
        self.examine(Rule::Endings, id, money::problem_of_ending(books));
        if books.account.is_some() {
            self.examine(Rule::Lines, id, money::problem_of_lines(books));
            self.examine(Rule::Attempts, id, money::problem_of_attempts(books));
            self.examine(Rule::Timers, id, waiting::problem_of_account_timers(books));
        }
        self.examine(Rule::Goods, id, goods::problem_of_goods(books));
        for payment in books.payments {
            self.examine(Rule::Refunds, payment.id, money::problem_of_payment(payment, books.refunds));
            self.examine(Rule::Steps, payment.id, waiting::problem_of_payment_step(payment));
        }
        for refund in books.refunds {
            self.examine(Rule::Steps, refund.id, waiting::problem_of_refund_step(refund, has_message(refund.id)));
        }
        for shipment in books.shipments {
            self.examine(Rule::Steps, shipment.id, waiting::problem_of_shipment_step(shipment));
        }
        for after_sale in books.after_sales {
            let problem = waiting::problem_of_after_sale_step(after_sale, books.refunds);
            self.examine(Rule::Steps, after_sale.id, problem);
        }
    }

    /// One report a rule, in the order of [`RULES`].
    #[must_use]
    pub fn finish(self) -> Vec<InvariantReport> {
        self.0
    }
}
