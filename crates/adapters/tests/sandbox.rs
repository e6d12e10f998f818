//! The sandbox channel from outside: through its port, its router, its pages and its notifications.

#[cfg(test)]
mod sandbox {
    mod bench;
    mod conformance;
    mod faults;
    mod guarded;
    mod page;
    mod pay;
}
