//! Outgoing webhooks against endpoints that answer well, badly, elsewhere, too much, too late and not at all.

#[cfg(test)]
mod webhook {
    mod endpoint;
    mod sending;
}
