//! Deciding commands: the machines as one committed matrix, the order of refusals as tables, and laws that hold for any
//! sequence of commands. Prices have tests of their own.

mod after_sales;
mod ahead;
mod closing;
mod coupons_and_points;
mod duplicates;
mod endings;
mod goods;
mod goods_laws;
mod goods_matrix;
mod goods_sequences;
mod idempotency;
mod keys;
mod laws;
mod letter_sequences;
mod letters;
mod matrix;
mod money_laws;
mod money_sequences;
mod paying;
mod placing;
mod refunds;
mod sequences;
mod shipping;
mod stock;
mod versions;
mod webhooks;
mod world;
mod zero_total;
