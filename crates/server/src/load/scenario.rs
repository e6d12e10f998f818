//! What is ordered: the n-th order of a run, as a pure function of the run's number and n.
//!
//! Nothing is remembered for an order that is on its way; its lines are computed again when it is acknowledged. Writing
//! requests is the generator's hottest path, so constant parts are rendered once.

use super::{
    client::{Endpoint, RequestHead},
    digits::write_number,
};
use crate::retail::{Basket, RetailProduct};

/// A product of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Good {
    /// Its name; needs no JSON escape, because SKUs have no such characters.
    pub(crate) sku: String,
    /// What people read.
    pub(crate) title: String,
    /// Minor units.
    pub(crate) price: u64,
}

impl From<RetailProduct> for Good {
    fn from(product: RetailProduct) -> Good {
        let RetailProduct { sku, title, price } = product;
        Good { sku, title, price }
    }
}

/// Where idempotency keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// None is sent.
    Off,
    /// The text, and the order's number or the basket's key. `are_new` when no other run has the text, so that a replay
    /// can only be of this run's own.
    Prefix { text: String, are_new: bool },
}

/// What requests are made of.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// One order a request.
    Orders { lines: u64 },
    /// Several orders a request.
    Batch { orders: u64, lines: u64 },
    /// The baskets of a table, each once.
    Baskets(Vec<Basket>),
    /// Reading the orders of these ids, one after another, again and again.
    Read(Vec<String>),
}

/// Everything that decides what the n-th request is.
pub(super) struct Scenario {
    pub(super) goods: Vec<Good>,
    pub(super) work: Work,
    pub(super) keys: Keys,
    run: u64,
    users: UserOrder,
    head: RequestHead,
    /// How many orders (or reads) there are at most.
    total: u64,
}

/// Reused between requests.
#[derive(Default)]
pub(super) struct RequestBuffers {
    body: Vec<u8>,
    key: Vec<u8>,
    /// The request to send.
    pub(super) request: Vec<u8>,
}

impl Scenario {
    /// `total` bounds the orders; `users` is 1 to 2^32; `run` scatters SKUs and users.
    pub(super) fn new(
        endpoint: &Endpoint,
        (goods, work, keys): (Vec<Good>, Work, Keys),
        (run, users, total): (u64, u64, u64),
    ) -> Scenario {
        let json = Some("application/json");
        let head = match &work {
            Work::Orders { .. } | Work::Baskets(_) => endpoint.head("POST", "/v1/orders", json),
            Work::Batch { .. } => endpoint.head("POST", "/v1/orders/batch", json),
            Work::Read(_) => endpoint.head("GET", "/v1/orders/", None),
        };
        let total = if let Work::Baskets(baskets) = &work { total.min(baskets.len() as u64) } else { total };
        Scenario { goods, work, keys, run, users: UserOrder::new(users, run), head, total }
    }

    /// How many requests all orders make.
    pub(super) fn requests(&self) -> u64 {
        self.total.div_ceil(self.orders_per_request())
    }

    fn orders_per_request(&self) -> u64 {
        if let Work::Batch { orders, .. } = &self.work { *orders } else { 1 }
    }

    /// Which orders request `number` holds.
    pub(super) fn orders_of(&self, number: u64) -> std::ops::Range<u64> {
        let start = number.saturating_mul(self.orders_per_request());
        start..start.saturating_add(self.orders_per_request()).min(self.total)
    }

    /// Whether an answer holds several orders.
    pub(super) fn is_batch(&self) -> bool {
        matches!(self.work, Work::Batch { .. })
    }

    /// The id that request `number` reads.
    pub(super) fn read_id(&self, number: u64) -> Option<&str> {
        let Work::Read(ids) = &self.work else { return None };
        Some(&ids[(number % ids.len() as u64) as usize])
    }

    /// Renders request `number` into `buffers.request`.
    pub(super) fn write_request(&self, number: u64, buffers: &mut RequestBuffers) {
        let RequestBuffers { body, key, request } = buffers;
        body.clear();
        key.clear();
        if let Some(id) = self.read_id(number) {
            self.head.write(request, id.as_bytes(), None, b"");
            return;
        }
        if let Work::Batch { .. } = self.work {
            body.extend_from_slice(b"{\"orders\":[");
            for order in self.orders_of(number) {
                self.write_order(order, true, body);
                body.push(b',');
            }
            body.pop();
            body.extend_from_slice(b"]}");
            self.head.write(request, b"", None, body);
        } else {
            self.write_order(number, false, body);
            let has_key = self.write_key(number, key);
            self.head.write(request, b"", has_key.then_some(&key[..]), body);
        }
    }

    /// Appends the idempotency key of an order; false when keys are off.
    pub(super) fn write_key(&self, order: u64, out: &mut Vec<u8>) -> bool {
        let Keys::Prefix { text, .. } = &self.keys else { return false };
        out.extend_from_slice(text.as_bytes());
        match &self.work {
            Work::Baskets(baskets) => out.extend_from_slice(baskets[order as usize].key.as_bytes()),
            _ => write_number(out, order),
        }
        true
    }

    fn write_order(&self, order: u64, with_key: bool, out: &mut Vec<u8>) {
        out.push(b'{');
        if with_key && self.keys != Keys::Off {
            out.extend_from_slice(b"\"idempotency_key\":\"");
            self.write_key(order, out);
            out.extend_from_slice(b"\",");
        }
        out.extend_from_slice(b"\"user_id\":\"");
        match &self.work {
            Work::Baskets(baskets) => out.extend_from_slice(baskets[order as usize].user.as_bytes()),
            _ => {
                out.extend_from_slice(b"u-");
                write_number(out, self.users.user_of(order));
            }
        }
        out.extend_from_slice(b"\",\"currency\":\"GBP\",\"lines\":[");
        self.for_each_line(order, |good, quantity| {
            out.extend_from_slice(b"{\"sku\":\"");
            out.extend_from_slice(self.goods[good].sku.as_bytes());
            out.extend_from_slice(b"\",\"quantity\":");
            write_number(out, quantity);
            out.extend_from_slice(b"},");
        });
        out.pop();
        out.extend_from_slice(b"],\"expected_total\":");
        write_number(out, self.expected_total(order));
        out.push(b'}');
    }

    /// Hands the index of the good and the units of each line of an order to `take`.
    pub(super) fn for_each_line(&self, order: u64, mut take: impl FnMut(usize, u64)) {
        match &self.work {
            Work::Orders { lines } | Work::Batch { lines, .. } => {
                let goods = self.goods.len() as u64;
                let first = scattered(self.run ^ order) % goods;
                for line in 0..*lines {
                    take(((first + line) % goods) as usize, 1);
                }
            }
            Work::Baskets(baskets) => {
                for line in &baskets[order as usize].lines {
                    take(line.product as usize, u64::from(line.quantity));
                }
            }
            Work::Read(_) => {}
        }
    }

    /// What an order must cost, in minor units.
    pub(super) fn expected_total(&self, order: u64) -> u64 {
        if let Work::Baskets(baskets) = &self.work {
            return baskets[order as usize].expected_total;
        }
        let mut total = 0;
        self.for_each_line(order, |good, quantity| total += self.goods[good].price * quantity);
        total
    }
}

/// Goods `LOAD-0001` and so on, with prices between 1.00 and 10.00.
pub(super) fn synthetic_goods(count: u64) -> Vec<Good> {
    let good = |number: u64| Good {
        sku: format!("LOAD-{number:04}"),
        title: format!("Load test product {number}"),
        price: 100 + number * 37 % 901,
    };
    (1..=count).map(good).collect()
}

/// Users in a scattered order in which each comes once before any comes twice, so that limits per user are met late.
struct UserOrder {
    users: u64,
    step: u64,
    offset: u64,
}

impl UserOrder {
    fn new(users: u64, run: u64) -> UserOrder {
        let mut step = (0x9E37_79B9_7F4A_7C15 % users).max(1);
        while greatest_common_divisor(step, users) != 1 {
            step += 1;
        }
        UserOrder { users, step, offset: run % users }
    }

    fn user_of(&self, order: u64) -> u64 {
        (order % self.users * self.step + self.offset) % self.users
    }
}

fn greatest_common_divisor(left: u64, right: u64) -> u64 {
    if right == 0 { left } else { greatest_common_divisor(right, left % right) }
}

/// The finaliser of SplitMix64: neighbours come out far from each other.
pub(super) fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
