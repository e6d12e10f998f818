//! What every store must do, as one suite: scripted cases that drive a store through the real deciders and compare all
//! that it gives back with the sum of what was committed.
//!
//! A store passes by running [`conformance_tests!`](crate::conformance_tests) with its [`Fixture`]. The suite knows no
//! vendor, measures no speed and tests no decision: `domain` does that.

mod bench;
mod channel;
mod compare;
mod model;
mod script;
mod shop;

pub mod catalogs;
pub mod commits;
pub mod damages;
pub mod goods;
pub mod letters;
pub mod lists;
pub mod loads;
pub mod money;
pub mod orders;
pub mod reopening;
pub mod rows;
pub mod timers;
pub mod verifying;

use std::sync::Arc;

use ordain_engine::port::store::{Poisoned, ShardStore, StoreReader};

/// Most unpaid orders of one user in all cases. A store that is told the limit is told this one.
pub const UNPAID_PER_USER_MAX: u32 = 20;

/// A store under test, with the ways of reaching it that the port does not have.
pub trait Fixture: Sized {
    /// Whether a load says exactly how many unpaid orders a user has, or only never too few, and as good as exactly near
    /// [`UNPAID_PER_USER_MAX`].
    const COUNTS_UNPAID_EXACTLY: bool;

    /// An empty shard.
    fn open() -> Self;

    /// Its one writer.
    fn store(&mut self) -> &mut dyn ShardStore;

    /// Its reader.
    fn reader(&self) -> Arc<dyn StoreReader>;

    /// Ends the process without warning and comes up again on what is durable.
    #[must_use]
    fn reopen(self) -> Self;

    /// Every command that was kept because its decision panicked, oldest first.
    fn poisoned(&mut self) -> Vec<Poisoned>;

    /// Damages the data behind the store's back; whether there is a way to do this damage to this store.
    fn damage(&mut self, _damage: &damages::Damage) -> bool {
        false
    }
}

/// Makes every case of the suite a `#[test]` for one store: `conformance_tests!(MyFixture)`, best in a module of its own
/// that has the fixture in scope.
#[macro_export]
macro_rules! conformance_tests {
    ($fixture:ident) => {
        $crate::conformance_tests! { @ $fixture
            catalogs {
                values_come_back_whole
                the_last_value_of_a_name_counts
                a_thousand_products_of_one_command
            }
            commits {
                the_head_moves_with_every_commit
                a_batch_that_does_not_follow_is_refused_whole
                rows_that_break_a_constraint_are_refused_whole
                the_last_write_of_a_row_counts
                cursors_move_and_go_back
                poisoned_commands_are_kept_in_order
                a_full_batch_is_one_commit
                upkeep_changes_nothing
                readers_see_whole_commits_only
            }
            damages {
                clean_data_have_no_broken_invariant
                damage_is_found_under_its_rule
            }
            letters {
                letters_through_their_life
                lanes_keep_the_order_of_the_log
                a_consumer_that_ended_leaves_nothing
                a_second_letter_of_an_event_is_refused_whole
                endpoints_through_their_life
                only_the_newest_deliveries_are_kept
                facts_about_consumers_come_back
            }
            goods {
                parcels_through_their_life
                after_sales_through_their_life
                overdue_goods_are_found_without_timers
                rows_of_goods_with_everything_and_nothing
            }
            lists {
                orders_of_a_user_come_newest_first
                orders_of_a_user_come_by_status
                pages_of_everybodys_orders_have_no_gap_and_no_repeat
                a_rare_status_is_found_across_the_bound
                a_page_may_begin_at_a_key_that_is_not_there
                ledgers_come_newest_first
                a_long_ledger_is_found_from_every_entry
                the_log_comes_in_pages
                states_are_counted
            }
            loads {
                every_key_is_answered_and_no_other_row_touched
                a_commit_is_loaded_at_once
                unpaid_orders_are_counted
                the_limit_of_unpaid_orders_is_met_exactly
                the_youngest_order_of_the_same_lines_counts
                answers_of_every_kind_come_back
                refusals_of_every_kind_come_back
                keys_are_told_apart
                names_are_told_apart
            }
            money {
                attempts_through_their_life
                late_and_second_money
                refunds_through_their_life
                cancels_of_paid_units
                a_closing_order_is_unpaid_until_it_ends
                notifications_of_every_verdict
                rows_of_money_with_everything_and_nothing
                money_that_cannot_be_is_refused_whole
            }
            orders {
                a_placed_order_comes_back_whole
                an_order_that_costs_nothing_comes_back_paid
                an_order_that_ended_tells_why
                an_order_of_a_thousand_lines
                an_order_of_the_greatest_amounts
                an_order_with_any_text
                events_of_an_order_are_its_own
            }
            reopening {
                an_empty_shard_comes_up_empty
                everything_is_there_again
                a_key_answers_again
                ids_and_positions_go_on
                a_script_with_a_crash_after_every_batch
            }
            rows {
                an_empty_shard_has_nothing
                stock_and_its_ledger
                stock_of_the_greatest_amounts
                coupons_through_their_life
                points_and_their_ledger
                profiles_and_addresses
            }
            timers {
                timers_come_earliest_first
                timers_end_with_their_orders
                overdue_orders_are_found_without_timers
                overdue_orders_come_in_pages
            }
            verifying {
                every_rule_is_reported
                late_timers_are_missed
                a_lowered_limit_breaks_nothing
                scripts_of_fixed_seeds
                a_long_script
                scripts_come_to_an_end
                scripts_about_goods
            }
        }
    };
    (@ $fixture:ident $($room:ident { $($case:ident)* })*) => {
        $(mod $room {
            use super::$fixture;
            $(#[test]
            fn $case() {
                $crate::conformance::$room::$case::<$fixture>();
            })*
        })*
    };
}
