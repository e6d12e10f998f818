//! The machines of parcels and after-sales whole: every state × every command, as one committed table. Each state is come to
//! by real commands, and each command is decided by a real batch.

use ordain_domain::{
    after_sale::{AFTER_SALE_EDGES, AfterSaleKind as K, AfterSaleStatus as S, Inspection as I},
    answer::Answer,
    command::{Command, Envelope},
    ids::{AfterSaleId, OrderId, PaymentId, ShipmentId},
    machine,
    payment::ReportedState,
    shipment::{SHIPMENT_EDGES, ShipmentStatus},
    time::Span,
};

use crate::{
    goods::{approve, confirm, delivered, open, paid, receive, reject, reship, ship_back, track, withdraw},
    laws,
    world::{World, code_of, operator, report},
};

/// What a command leads to.
fn outcome(world: &mut World, command: Command) -> String {
    let envelope: Envelope = operator(command);
    match world.one(&envelope).outcome {
        Err(refusal) => format!("refused: {}", code_of(&refusal)),
        Ok(Answer::Shipment(row)) => row.status.as_str().to_owned(),
        Ok(Answer::AfterSale(row)) => row.status.as_str().to_owned(),
        Ok(Answer::NothingToDo) => "nothing to do".to_owned(),
        Ok(Answer::Order(row)) => format!("the order is {}", row.status.as_str()),
        Ok(other) => panic!("{other:?}"),
    }
}

/// A parcel of two units in a status, its receipt confirmed or not.
fn parcel_in(status: ShipmentStatus, is_confirmed: bool) -> (World, OrderId, ShipmentId) {
    let (mut world, order) = paid(&[("a", 2)]);
    let shipment = world.ship(order, &[(0, 2)]).id;
    if is_confirmed && status != ShipmentStatus::Returned {
        world.accept(&operator(confirm(order)));
    }
    world.track(shipment, status);
    world.wait(Span::seconds(1));
    (world, order, shipment)
}

fn shipments(text: &mut String) {
    for is_confirmed in [false, true] {
        for status in ShipmentStatus::ALL {
            if is_confirmed && status == ShipmentStatus::Returned {
                continue;
            }
            let mut row = |column: &str, command: &dyn Fn(&World, OrderId, ShipmentId) -> Command, days: u64| {
                let (mut world, order, shipment) = parcel_in(status, is_confirmed);
                world.wait(Span::seconds(days * 86_400));
                let command = command(&world, order, shipment);
                let outcome = outcome(&mut world, command);
                laws::check(&world);
                let [waiting, shipped, delivered, confirmed, ..] = world.buckets(order, 0);
                let name = format!("{}{}", if is_confirmed { "confirmed " } else { "" }, status.as_str());
                text.push_str(&format!("shipment {name:26} {column:18} -> {outcome}: "));
                text.push_str(&format!(
                    "paid {waiting}, shipped {shipped}, delivered {delivered}, confirmed {confirmed}\n"
                ));
            };
            for told in ShipmentStatus::ALL {
                row(told.as_str(), &|world, _, shipment| track(shipment, told, world.now), 0);
            }
            row("confirm receipt", &|_, order, _| confirm(order), 0);
            row("confirm, early", &|_, order, _| Command::ConfirmDue(order), 0);
            row("confirm when due", &|_, order, _| Command::ConfirmDue(order), 7);
            row("ask carriers", &|_, order, _| Command::AskCarriers(order), 0);
        }
    }
}

/// An after-sale of a kind in a status: one of two `a` at their buyer; an exchange is for a `b`, whose difference is to be paid.
fn after_sale_in(kind: K, status: S) -> Option<(World, OrderId, AfterSaleId)> {
    let (mut world, order) = delivered(&[("a", 2)]);
    let wanted = (kind == K::Exchange).then_some("b");
    let id = world.open_after_sale(order, kind, &[(0, 1, wanted)]);
    let commands = match (kind, status) {
        (_, S::Requested) => vec![],
        (_, S::Rejected) => vec![reject(id)],
        (_, S::Withdrawn) => vec![withdraw(id)],
        (K::Refund, S::Refunding | S::Completed) => vec![approve(id)],
        (K::Refund, _) | (K::Return, S::Received | S::Reshipping) => return None,
        (_, S::Approved) => vec![approve(id)],
        (_, S::Returning) => vec![approve(id), ship_back(id)],
        (K::Exchange, S::Refunding) => vec![approve(id), receive(id, I::Restock), reject(id)],
        _ => vec![approve(id), receive(id, I::Restock)],
    };
    commands.into_iter().for_each(|command| drop(world.step_after_sale(command)));
    if kind == K::Exchange && matches!(status, S::Reshipping | S::Completed) {
        pay(&mut world, id);
    }
    if status == S::Completed {
        if kind == K::Exchange {
            world.step_after_sale(reship(id));
        }
        world.give_back();
    }
    assert_eq!(world.after_sale(id).status, status, "{kind:?}");
    laws::check(&world);
    Some((world, order, id))
}

fn attempt(world: &World, id: AfterSaleId) -> Option<PaymentId> {
    world.all.payments.values().find(|payment| payment.after_sale == Some(id)).map(|payment| payment.id)
}

fn pay(world: &mut World, id: AfterSaleId) {
    if let Some(payment) = attempt(world, id) {
        let row = world.payment(payment);
        world.notify(&report(&row, ReportedState::Captured));
    }
}

fn after_sales(text: &mut String) {
    type Column = (&'static str, fn(&mut World, OrderId, AfterSaleId) -> String);
    fn step(world: &mut World, command: Command) -> String {
        outcome(world, command)
    }
    fn now(world: &World, id: AfterSaleId) -> String {
        world.after_sale(id).status.as_str().to_owned()
    }
    let columns: [Column; 13] = [
        ("open another", |world, order, _| step(world, open(order, K::Return, &[(0, 2, None)]))),
        ("approve", |world, _, id| step(world, approve(id))),
        ("reject", |world, _, id| step(world, reject(id))),
        ("withdraw", |world, _, id| step(world, withdraw(id))),
        ("ship back", |world, _, id| step(world, ship_back(id))),
        ("receive: restock", |world, _, id| step(world, receive(id, I::Restock))),
        ("receive: scrap", |world, _, id| step(world, receive(id, I::Scrap))),
        ("receive: refuse", |world, _, id| step(world, receive(id, I::Refuse))),
        ("reship", |world, _, id| step(world, reship(id))),
        ("difference paid", |world, _, id| {
            pay(world, id);
            now(world, id)
        }),
        ("payment window over", |world, order, id| {
            world.wait(Span::seconds(900));
            step(world, Command::WorkAfterSales(order));
            now(world, id)
        }),
        ("30 days later", |world, order, id| {
            world.wait(Span::seconds(30 * 86_400));
            step(world, Command::WorkAfterSales(order));
            now(world, id)
        }),
        ("refunds succeed", |world, _, id| {
            world.give_back();
            now(world, id)
        }),
    ];
    for kind in K::ALL {
        for status in S::ALL {
            for (column, take) in columns {
                let Some((mut world, order, id)) = after_sale_in(kind, status) else { continue };
                let outcome = take(&mut world, order, id);
                laws::check(&world);
                let state = format!("{} {}", kind.as_str(), status.as_str());
                text.push_str(&format!("after_sale {state:20} {column:20} -> {outcome}\n"));
            }
        }
    }
}

/// Each edge of a table, so that one cannot appear or vanish unseen.
fn edges<E: Copy + std::fmt::Debug, T: Copy + std::fmt::Debug>(
    text: &mut String,
    name: &str,
    edges: &[machine::Edge<E, T>],
) {
    for edge in edges {
        let from = edge.from.map_or_else(|| "(none)".to_owned(), |from| format!("{from:?}"));
        text.push_str(&format!("edge of {name:10} {from:16} {:16} -> {:?}\n", format!("{:?}", edge.step), edge.to));
    }
}

#[test]
fn every_state_of_goods_by_every_command() {
    let mut text = String::new();
    shipments(&mut text);
    after_sales(&mut text);
    edges(&mut text, "shipment", SHIPMENT_EDGES);
    edges(&mut text, "after_sale", AFTER_SALE_EDGES);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("goods", text));
}
