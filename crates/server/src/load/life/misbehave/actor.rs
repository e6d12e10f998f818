//! Plays what was drawn for each order: its buyer, its payer, its merchant.
//!
//! It goes on through every refusal that the faults explain; an answer that nothing explains is told. What came of the order is
//! judged later and elsewhere.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Played,
    draw::{Chance, Plot, Told, draw},
};
use crate::load::{
    answer,
    bulk::Answer,
    clock,
    life::{
        caller::{Caller, Shared},
        wire::CHANNEL_BODY,
    },
    tally::excerpt,
    worker::lock,
};

/// Between two tries of what a fault has held up.
const PAUSE: Duration = Duration::from_millis(25);

/// One order and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// Its number in the run.
    pub(super) number: u64,
    /// `ord_…`
    pub(super) order: String,
    /// What it met.
    pub(super) plot: Plot,
    /// Minor units that an operator gave back.
    pub(super) given_back: i64,
    /// The attempt that is paid once the order has ended.
    pub(super) pay_when_over: Option<String>,
}

/// A buyer with two connections, so that two things can be done at once.
struct Actor {
    hands: [Caller; 2],
    patience: Duration,
}

/// Plays order after order until there is none left.
pub(super) async fn play_on(
    shared: Shared,
    (next, seed, patience): (Arc<AtomicU64>, u64, Duration),
    book: Arc<Mutex<Played>>,
) {
    let total = shared.scenario.requests();
    let mut actor = Actor { hands: [Caller::new(shared.clone()), Caller::new(shared)], patience };
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= total {
            return;
        }
        let (plot, chance) = draw(seed, number);
        let placed = actor.place(number).await;
        let (order, price) = match placed {
            Ok(placed) => placed,
            Err(why) => {
                lock(&book).unexpected.add(|| format!("order {number}: {why}"));
                continue;
            }
        };
        let mut case = Case { number, order, plot, given_back: 0, pay_when_over: None };
        let played = actor.play(&mut case, (price, chance)).await;
        let mut book = lock(&book);
        if let Err(why) = played {
            book.unexpected.add(|| format!("{} ({}): {why}", case.order, plot.as_str()));
        }
        book.cases.push(case);
    }
}

impl Actor {
    /// Places order `number`; its id and what it costs.
    async fn place(&mut self, number: u64) -> Result<(String, i64), String> {
        let give_up_at = clock::now() + self.patience;
        loop {
            let answer = self.hands[0].place(number).await.map_err(|error| error.to_string())?;
            if answer.status == 503 && clock::now() < give_up_at {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let order = answer::order_id(&answer.body).filter(|_| answer.status == 201);
            let price = answer::order_total(&answer.body).and_then(|total| i64::try_from(total).ok());
            return order.map(str::to_owned).zip(price).ok_or_else(|| said(&answer));
        }
    }

    async fn play(&mut self, case: &mut Case, (price, chance): (i64, Chance)) -> Result<(), String> {
        let order = case.order.clone();
        match case.plot {
            Plot::Pays(told) => {
                let payment = self.open_and_pay(&order, &payer_says(told, chance)).await?;
                // Somebody who misses the notification may ask before the ladder does.
                if let Some(payment) = payment.filter(|_| told == Told::Never && chance.is_heads()) {
                    self.refresh(&payment).await?;
                }
            }
            Plot::WrongAmount => drop(self.open_and_pay(&order, r#"{"notify":"wrong_amount"}"#).await?),
            Plot::Forged => drop(self.open_and_pay(&order, r#"{"notify":"forged"}"#).await?),
            Plot::ForgedThenPays => {
                if let Some(payment) = self.open_and_pay(&order, r#"{"notify":"forged"}"#).await? {
                    self.pay(0, &payment, "{}").await?;
                }
            }
            Plot::RefusesThenPays => {
                self.open_and_pay(&order, r#"{"outcome":"refused"}"#).await?;
                self.open_and_pay(&order, "{}").await?;
            }
            Plot::Abandons => {
                if chance.is_heads() {
                    self.open(&order).await?;
                }
            }
            Plot::CancelsThenPays => self.cancel_then_pay(&order).await?,
            Plot::ExpiresThenPays => case.pay_when_over = self.open(&order).await?,
            Plot::PaysTwice => self.pay_twice(&order, chance).await?,
            Plot::Races => self.race(&order, chance).await?,
            Plot::PaidThenCancelled => {
                if self.open_and_pay(&order, "{}").await?.is_some() && self.is_paid_soon(&order).await? {
                    self.cancel(&order, "merchant").await?;
                }
            }
            Plot::PaidThenPartlyRefunded => {
                if self.open_and_pay(&order, "{}").await?.is_some() && self.is_paid_soon(&order).await? {
                    let amount = 1 + chance.below(price.unsigned_abs());
                    case.given_back = self.give_back(&order, i64::try_from(amount).unwrap_or(1)).await?;
                }
            }
        }
        Ok(())
    }

    /// Opens an attempt, again and again while the channel cannot take one; nothing when the order takes none any more.
    async fn open(&mut self, order: &str) -> Result<Option<String>, String> {
        let give_up_at = clock::now() + self.patience;
        while clock::now() < give_up_at {
            let open =
                self.hands[0].call(|wire, buffers| wire.post_order(buffers, (order, "/payments"), None, CHANNEL_BODY));
            let answer = open.await.map_err(|error| error.to_string())?;
            let code = answer::problem_code(&answer.body).unwrap_or_default();
            match (answer.status, code) {
                // An attempt of which the channel's word was lost may be there all the same: the payer tries it.
                (201, _) if matches!(answer::status(&answer.body), Some("created" | "pending" | "unknown")) => {
                    return Ok(answer::order_id(&answer.body).map(str::to_owned));
                }
                (201, _) | (503, _) | (409, "payment_unresolved") => tokio::time::sleep(PAUSE).await,
                (409, "order_state" | "payment_state") => return Ok(None),
                _ => return Err(format!("open: {}", said(&answer))),
            }
        }
        Ok(None)
    }

    /// The payer acts on an attempt; false when the channel takes nothing for it.
    async fn pay(&mut self, hand: usize, payment: &str, body: &str) -> Result<bool, String> {
        let give_up_at = clock::now() + self.patience;
        while clock::now() < give_up_at {
            let pay = self.hands[hand].call(|wire, buffers| wire.pay(buffers, payment, body.as_bytes()));
            let answer = pay.await.map_err(|error| error.to_string())?;
            match answer.status {
                200 => return Ok(true),
                409 => return Ok(false),
                404 if self.may_still_be_opened(hand, payment).await? => tokio::time::sleep(PAUSE).await,
                404 => return Ok(false),
                _ => return Err(format!("pay: {}", said(&answer))),
            }
        }
        Ok(false)
    }

    async fn may_still_be_opened(&mut self, hand: usize, payment: &str) -> Result<bool, String> {
        let read = self.hands[hand].call(|wire, buffers| wire.read_payment(buffers, payment));
        let answer = read.await.map_err(|error| error.to_string())?;
        Ok(matches!(answer::status(&answer.body), Some("created" | "unknown")))
    }

    /// Opens attempts until the payer could act on one.
    async fn open_and_pay(&mut self, order: &str, body: &str) -> Result<Option<String>, String> {
        let give_up_at = clock::now() + self.patience;
        while clock::now() < give_up_at {
            let Some(payment) = self.open(order).await? else { return Ok(None) };
            if self.pay(0, &payment, body).await? {
                return Ok(Some(payment));
            }
        }
        Ok(None)
    }

    async fn cancel(&mut self, order: &str, reason: &str) -> Result<(), String> {
        accepted_or_too_late(cancel_by(&mut self.hands[0], order, reason).await?)
    }

    async fn cancel_then_pay(&mut self, order: &str) -> Result<(), String> {
        let Some(payment) = self.open(order).await? else { return Ok(()) };
        self.cancel(order, "buyer").await?;
        let give_up_at = clock::now() + self.patience;
        while self.status_of(order).await? == "closing" && clock::now() < give_up_at {
            tokio::time::sleep(PAUSE).await;
        }
        self.pay(0, &payment, r#"{"even_if_closed":true}"#).await?;
        Ok(())
    }

    async fn pay_twice(&mut self, order: &str, chance: Chance) -> Result<(), String> {
        let (first, second) = (self.open(order).await?, self.open(order).await?);
        let (Some(first), Some(second)) = (first, second) else { return Ok(()) };
        let says = if chance.below(3) == 0 {
            r#"{"even_if_closed":true,"notify":"twice"}"#
        } else {
            r#"{"even_if_closed":true}"#
        };
        if chance.is_heads() {
            self.pay(0, &first, "{}").await?;
            self.pay(0, &second, says).await?;
            return Ok(());
        }
        let [left, right] = &mut self.hands;
        let anyway = r#"{"even_if_closed":true}"#;
        let (left, right) = tokio::join!(pay_once(left, first, anyway), pay_once(right, second, says));
        left.and(right)
    }

    async fn race(&mut self, order: &str, chance: Chance) -> Result<(), String> {
        let Some(payment) = self.open(order).await? else { return Ok(()) };
        let body = if chance.below(4) == 0 { r#"{"even_if_closed":true}"# } else { "{}" };
        let [left, right] = &mut self.hands;
        // A cancel has to ask the channel first; a payer who comes with it mostly wins, one who comes later may not.
        let later = if chance.is_heads() { chance.below(60) } else { 0 };
        let paying = async {
            tokio::time::sleep(Duration::from_millis(later)).await;
            pay_once(right, payment, body).await
        };
        let (cancelled, paid) = tokio::join!(cancel_by(left, order, "buyer"), paying);
        accepted_or_too_late(cancelled?)?;
        paid
    }

    async fn refresh(&mut self, payment: &str) -> Result<(), String> {
        let ask = self.hands[0].call(|wire, buffers| wire.refresh(buffers, payment));
        let answer = ask.await.map_err(|error| error.to_string())?;
        if matches!(answer.status, 200 | 503) { Ok(()) } else { Err(format!("refresh: {}", said(&answer))) }
    }

    async fn status_of(&mut self, order: &str) -> Result<String, String> {
        let read = self.hands[0].call(|wire, buffers| wire.read_order(buffers, (order, "")));
        let answer = read.await.map_err(|error| error.to_string())?;
        answer::status(&answer.body).map(str::to_owned).ok_or_else(|| said(&answer))
    }

    /// Waits until the order is paid, or for too long.
    async fn is_paid_soon(&mut self, order: &str) -> Result<bool, String> {
        let give_up_at = clock::now() + self.patience;
        while clock::now() < give_up_at {
            match &*self.status_of(order).await? {
                "pending_payment" | "closing" => tokio::time::sleep(PAUSE).await,
                status => return Ok(status == "paid"),
            }
        }
        Ok(false)
    }

    /// An operator gives an amount back; what was granted.
    async fn give_back(&mut self, order: &str, amount: i64) -> Result<i64, String> {
        let body = format!("{{\"amount\":{amount},\"reason\":\"load test\"}}");
        let ask = self.hands[0]
            .call(|wire, buffers| wire.post_order(buffers, (order, "/refunds"), Some("refund"), body.as_bytes()));
        let answer = ask.await.map_err(|error| error.to_string())?;
        match answer.status {
            200..=299 => Ok(amount),
            409 | 503 => Ok(0),
            _ => Err(format!("refund: {}", said(&answer))),
        }
    }
}

async fn cancel_by(hand: &mut Caller, order: &str, reason: &str) -> Result<Answer, String> {
    let body = format!("{{\"reason\":\"{reason}\"}}");
    let cancel = hand.call(|wire, buffers| wire.post_order(buffers, (order, "/cancel"), None, body.as_bytes()));
    cancel.await.map_err(|error| error.to_string())
}

fn accepted_or_too_late(answer: Answer) -> Result<(), String> {
    if matches!(answer.status, 200 | 409 | 503) { Ok(()) } else { Err(format!("cancel: {}", said(&answer))) }
}

/// One try to pay, whatever comes of it.
async fn pay_once(hand: &mut Caller, payment: String, body: &str) -> Result<(), String> {
    let pay = hand.call(|wire, buffers| wire.pay(buffers, &payment, body.as_bytes()));
    let answer = pay.await.map_err(|error| error.to_string())?;
    if matches!(answer.status, 200 | 404 | 409) { Ok(()) } else { Err(format!("pay: {}", said(&answer))) }
}

fn payer_says(told: Told, chance: Chance) -> String {
    match told {
        Told::Once => "{}".to_owned(),
        Told::Twice => r#"{"notify":"twice"}"#.to_owned(),
        Told::Never => r#"{"notify":"never"}"#.to_owned(),
        Told::Late => r#"{"notify":"late"}"#.to_owned(),
        Told::Reordered => r#"{"notify":"reordered"}"#.to_owned(),
        Told::Delayed => format!("{{\"delay_ms\":{}}}", chance.below(2_000)),
    }
}

fn said(answer: &Answer) -> String {
    format!("status {}: {}", answer.status, excerpt(&answer.body))
}
