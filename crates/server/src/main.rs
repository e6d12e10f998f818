//! The ordain binary.
fn main() {}
