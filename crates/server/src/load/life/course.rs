//! One life after another on one connection: place, open a payment, pay, ship once the notification has come, deliver, confirm.
//!
//! A life whose answers are not what they should be breaks off and is told; the next one begins. Nothing is sent twice but a
//! parcel that was refused because its order was not paid yet.

use std::{
    fmt::Display,
    sync::{Arc, Mutex},
    time::Instant,
};

use super::{Run, book::Book, step::Step, wire::CHANNEL_BODY, wire::CallBuffers};
use crate::load::{
    answer, client::Connection, clock, response::Response, scenario::RequestBuffers, tally::excerpt, worker::lock,
};

/// After so many lives in a row that broke off a connection ends: nobody is there to answer.
const BROKEN_IN_A_ROW_MAX: u32 = 20;

/// Why a life broke off, in words.
struct Broken(String);

impl Broken {
    fn at(step: Step, why: impl Display) -> Broken {
        Broken(format!("{}: {why}", step.as_str()))
    }
}

/// A connection with what its lives need.
struct Course {
    run: Arc<Run>,
    book: Arc<Mutex<Book>>,
    connection: Connection,
    orders: RequestBuffers,
    calls: CallBuffers,
}

/// Lives until there is none left.
pub(super) async fn live_on(run: Arc<Run>, book: Arc<Mutex<Book>>) {
    let connection = Connection::new(run.endpoint.clone());
    let (orders, calls) = (RequestBuffers::default(), CallBuffers::default());
    let mut course = Course { run, book, connection, orders, calls };
    let mut broken_in_a_row = 0;
    while let Some(number) = course.run.next_life() {
        match course.live(number).await {
            Ok(()) => broken_in_a_row = 0,
            Err(Broken(why)) => {
                lock(&course.book).broken.add(|| why);
                broken_in_a_row += 1;
            }
        }
        if broken_in_a_row == BROKEN_IN_A_ROW_MAX {
            return;
        }
    }
}

impl Course {
    async fn live(&mut self, number: u64) -> Result<(), Broken> {
        let start = clock::now();
        let Some((order, at)) = self.place(number, start).await? else { return Ok(()) };
        let key = self.run.has_keys.then_some("pay");
        self.run.wire.post_order(&mut self.calls, (&order, "/payments"), key, CHANNEL_BODY);
        let (payment, at) = self.call(Step::Open, at, id_of).await?;
        self.run.wire.pay(&mut self.calls, &payment, b"");
        let ((), at) = self.call(Step::Pay, at, |_| Some(())).await?;
        let mut lines = 0;
        self.run.scenario.for_each_line(number, |_, _| lines += 1);
        let (parcel, at) = self.ship_once_paid((&order, lines), at).await?;
        self.run.wire.deliver(&mut self.calls, &parcel, &clock::wall_clock().to_string());
        let ((), at) = self.call(Step::Deliver, at, |_| Some(())).await?;
        self.run.wire.post_order(&mut self.calls, (&order, "/confirm-receipt"), None, b"");
        let is_completed = |body: &[u8]| (answer::status(body) == Some("completed")).then_some(());
        let ((), at) = self.call(Step::Confirm, at, is_completed).await?;
        lock(&self.book).lives.saturating_record((at - start).as_micros() as u64);
        Ok(())
    }

    /// Places order `number`; its id, or nothing when it was refused, which the tally counts.
    async fn place(&mut self, number: u64, start: Instant) -> Result<Option<(String, Instant)>, Broken> {
        self.run.scenario.write_request(number, &mut self.orders);
        let response = self.connection.exchange(&self.orders.request).await;
        let now = clock::now();
        let mut book = lock(&self.book);
        match response {
            Ok(response) => {
                book.record(Step::Place, now - start);
                let mut order = None;
                let place = |placed: crate::load::tally::Placed<'_>| order = Some(placed.id.to_owned());
                book.places.take(&self.run.scenario, number, (&response, false), place);
                Ok(order.map(|order| (order, now)))
            }
            Err(error) => {
                book.places.take_unanswered(&self.run.scenario, number);
                Err(Broken::at(Step::Place, error))
            }
        }
    }

    /// Sends the call that was rendered last. `read` takes what is needed out of a successful answer's body.
    async fn call<T>(
        &mut self,
        step: Step,
        since: Instant,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(T, Instant), Broken> {
        let response = self.connection.exchange(&self.calls.request).await;
        let now = clock::now();
        let response = response.map_err(|error| Broken::at(step, error))?;
        lock(&self.book).record(step, now - since);
        let found = if (200..300).contains(&response.status) { read(response.body) } else { None };
        let said = || format!("status {}: {}", response.status, excerpt(response.body));
        Ok((found.ok_or_else(|| Broken::at(step, said()))?, now))
    }

    /// Sends a parcel when the order can be expected to be paid, and again as long as the server refuses it because it is not.
    async fn ship_once_paid(&mut self, parcel: (&str, u64), since: Instant) -> Result<(String, Instant), Broken> {
        let mut tries = 0;
        loop {
            tokio::time::sleep(self.run.pace.before(tries)).await;
            // Under one key the refusal would be repeated.
            let key = self.run.has_keys.then(|| format!("ship-{tries}"));
            self.run.wire.ship(&mut self.calls, parcel, key.as_deref());
            tries += 1;
            let sent = clock::now();
            let response = self.connection.exchange(&self.calls.request).await;
            let now = clock::now();
            let response = response.map_err(|error| Broken::at(Step::Ship, error))?;
            if let Some(id) = id_of(response.body).filter(|_| response.status == 201) {
                self.run.pace.learn(tries, sent - since, now - self.run.start);
                let mut book = lock(&self.book);
                book.record(Step::Notified, sent - since);
                book.record(Step::Ship, now - sent);
                book.parcels += u64::from(tries);
                return Ok((id, now));
            }
            if !is_unpaid(&response) || now - since > self.run.patience {
                let said = excerpt(response.body);
                let why = format!("status {} after {:?}: {said}", response.status, now - since);
                return Err(Broken::at(Step::Ship, why));
            }
        }
    }
}

/// Whether a parcel came before the payment of its order.
fn is_unpaid(response: &Response<'_>) -> bool {
    let refusal = (response.status, answer::problem_code(response.body), answer::order_status(response.body));
    refusal == (409, Some("order_state"), Some("pending_payment"))
}

fn id_of(body: &[u8]) -> Option<String> {
    answer::order_id(body).map(str::to_owned)
}
