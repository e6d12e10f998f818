//! Rows that were not loaded: a command names every row that it reads, and deciding without one is a bug that is told,
//! never a decision on nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ordain_domain::{
    batch::Batch,
    command::{Command, Envelope},
    order::PlaceOrder,
    rows::{Rows, Wanted},
};

use crate::world::{
    World, adjust, basket, buyer, cancel, close, grant, keyed, operator, points, put_address, put_user, with_coupon,
};

macro_rules! each_table {
    ($rows:expr, $visit:expr, $($table:ident)*) => {
        $({
            let mut rows: Rows = $rows.clone();
            if !rows.$table.is_empty() {
                rows.$table.clear();
                $visit(stringify!($table), rows);
            }
        })*
    };
}

/// Every row that the commands name, in rounds.
fn load(world: &World, envelope: &Envelope) -> Rows {
    let mut rows = Rows::default();
    loop {
        let mut wanted = Wanted::new(&rows);
        envelope.keys(&mut wanted);
        let missing = wanted.missing;
        if missing.is_empty() {
            return rows;
        }
        world.load(&missing, &mut rows);
    }
}

fn decides(world: &World, envelope: &Envelope, rows: Rows) -> bool {
    let mut batch = Batch::new(&world.rules, world.now, world.carry.clone());
    *batch.loaded_mut() = rows;
    let decided = catch_unwind(AssertUnwindSafe(|| batch.decide(envelope))).is_ok();
    assert!(decided || batch.changes().is_empty(), "a batch is as it was before the bug");
    decided
}

#[test]
fn a_row_that_was_not_loaded_is_a_bug_and_never_a_decision() {
    let mut world = World::shop();
    world.give_points("u-1", 50);
    let [used, free] = [(); 2].map(|()| world.grant("u-1", "tenth"));
    let rich = PlaceOrder { points: 20, ..with_coupon(basket(&[("a", 1), ("b", 1)]), used.id) };
    let order = world.place(&buyer(rich.clone()));
    world.now = order.placed.expires_at;
    let commands = [
        Command::PlaceOrder(PlaceOrder { coupon: Some(free.id), ..rich }),
        cancel(order.id, None),
        close(order.id),
        adjust("a", 5),
        grant("u-1", "tenth"),
        points("u-1", 5),
        put_user("u-1", None),
        put_address("u-1", "home", None),
    ];
    for command in commands {
        let envelope = keyed(operator(command), "k", 1);
        let rows = load(&world, &envelope);
        assert!(decides(&world, &envelope, rows.clone()), "{envelope:?}");
        let mut tables = 0;
        let visit = |table: &str, rows: Rows| {
            assert!(!decides(&world, &envelope, rows), "{} decided without {table}", envelope.command.name());
            tables += 1;
        };
        let mut visit = visit;
        each_table!(
            rows, visit,
            stock locks orders order_keys answers open_orders coupons template_usage user_template_usage points users
            addresses
        );
        assert!(tables >= 2, "{envelope:?}");
    }
}
