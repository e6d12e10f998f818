//! Optimistic concurrency: a stale version is refused with the present one, also within a batch.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    catalog::{
        Product,
        command::{PRODUCTS_MAX, PutProducts, PutTemplate},
    },
    command::Command,
    refusal::Refusal,
};

use crate::world::{World, operator, product, put_address, put_user, sku, template};

fn put_product(name: &str, expected_version: Option<u64>) -> Command {
    Command::PutProducts(PutProducts { products: vec![product(name)], expected_version })
}

fn put_template(name: &str, expected_version: Option<u64>) -> Command {
    Command::PutTemplate(PutTemplate { template: Arc::new(template(name)), expected_version })
}

#[test]
fn a_put_counts_versions_and_refuses_a_stale_one() {
    let kinds: [fn(Option<u64>) -> Command; 4] = [
        |version| put_product("fresh", version),
        |version| put_template("fresh", version),
        |version| put_user("u-9", version),
        |version| put_address("u-9", "home", version),
    ];
    for put in kinds {
        let mut world = World::shop();
        let table = [
            (Some(1), Err(0)),
            (Some(0), Ok(1)),
            (Some(0), Err(1)),
            (Some(1), Ok(2)),
            (None, Ok(3)),
            (Some(2), Err(3)),
        ];
        for (expected_version, outcome) in table {
            let reply = world.one(&operator(put(expected_version)));
            let found = reply.outcome.map(|answer| version_of(&answer)).map_err(|refusal| match refusal {
                Refusal::VersionMismatch { version } => version,
                other => panic!("{other:?}"),
            });
            assert_eq!(found, outcome, "{:?}", put(expected_version));
        }
    }
}

fn version_of(answer: &Answer) -> u64 {
    match answer {
        Answer::Product(product) => u64::from(product.version),
        Answer::Template(template) => u64::from(template.version),
        Answer::User(user) => user.version,
        Answer::Address(address) => address.version,
        other => panic!("{other:?}"),
    }
}

#[test]
fn later_commands_of_a_batch_see_the_catalog_of_earlier_ones() {
    let mut world = World::empty();
    let commands = [put_product("a", Some(0)), crate::world::adjust("a", 1), put_product("a", Some(1))];
    let replies = world.run(&commands.map(operator));
    assert!(replies.iter().all(|reply| reply.outcome.is_ok()), "{replies:?}");
    assert_eq!(world.carry.catalog.product(&sku("a")).map(|product| product.version), Some(2));
}

#[test]
fn many_products_are_put_all_or_none() {
    let mut world = World::empty();
    let put = |products| operator(Command::PutProducts(PutProducts { products, expected_version: None }));
    let nameless = Product { title: Arc::from(""), ..product("b") };
    assert!(matches!(world.refuse(&put(vec![product("a"), nameless])), Refusal::InvalidRequest { .. }));
    assert!(matches!(world.refuse(&put(Vec::new())), Refusal::InvalidRequest { .. }));
    assert!(matches!(world.refuse(&put(vec![product("a"); PRODUCTS_MAX + 1])), Refusal::InvalidRequest { .. }));
    assert!(world.carry.catalog.is_empty());
    assert_eq!(world.accept(&put(vec![product("a"), product("b")])), Answer::Products { count: 2 });
    // A SKU that stands twice ends as its last.
    let dearer = Product { price: 7, ..product("a") };
    world.accept(&put(vec![product("a"), dearer]));
    assert_eq!(world.carry.catalog.product(&sku("a")).map(|product| (product.price, product.version)), Some((7, 2)));
}
