//! Development tasks as a library, so that the command `cargo xtask` and the tests run the same code.
//!
//! `tidy` checks the rules of STYLE.md that neither rustc nor clippy can see; `generate` rewrites the files that are
//! printed by the binary itself. Nothing here is shipped, and nothing here depends on a crate of the product.

pub mod generate;
pub mod tidy;
