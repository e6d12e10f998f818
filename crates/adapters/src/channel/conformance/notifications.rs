//! Cases about notifications: believed when they are whole and fresh, and never otherwise.

use ordain_domain::{payment::ChannelReport, time::Span};
use ordain_engine::port::payment_channel::{Notification, NotificationProblem, RawNotification};

use super::{Arrived, Fixture, paid};

fn verify(fixture: &impl Fixture, arrived: &Arrived) -> Result<Notification, NotificationProblem> {
    let raw = RawNotification { headers: &arrived.headers, body: &arrived.body, arrived_at: arrived.at };
    fixture.channel().verify(&raw)
}

fn assert_forged(fixture: &impl Fixture, arrived: &Arrived, how: &str) {
    let verdict = verify(fixture, arrived);
    assert!(matches!(verdict, Err(NotificationProblem::Forged(_))), "{how}: {verdict:?}");
}

/// The two ways to hear of a payment agree.
pub async fn a_notification_says_what_a_query_says(fixture: &impl Fixture) {
    let paid = paid(fixture, 1).await;
    let arrived = fixture.notification().await;
    let notification = verify(fixture, &arrived).expect("a notification that nobody touched is believed");
    assert_eq!(&*notification.merchant, fixture.channel().merchant());
    assert!(!notification.event_id.is_empty());
    let ChannelReport::Payment(report) = notification.report else { panic!("it speaks of a payment") };
    assert_eq!(report, paid);
}

/// Every byte of the body and every header that counts.
pub async fn a_notification_that_was_touched_is_forged<F: Fixture>(fixture: &F) {
    paid(fixture, 1).await;
    let whole = fixture.notification().await;
    for place in 0..whole.body.len() {
        let mut touched = whole.clone();
        touched.body[place] ^= 1;
        assert_forged(fixture, &touched, &format!("byte {place} of the body"));
    }
    let cut = Arrived { body: whole.body[..whole.body.len() - 1].to_vec(), ..whole.clone() };
    assert_forged(fixture, &cut, "the last byte is missing");
    let longer = Arrived { body: [&*whole.body, b"\n"].concat(), ..whole.clone() };
    assert_forged(fixture, &longer, "a byte more");
    assert_forged(fixture, &Arrived { body: Vec::new(), ..whole.clone() }, "no body");
    for header in F::SIGNED_HEADERS {
        touch_header(fixture, &whole, header);
    }
}

fn touch_header(fixture: &impl Fixture, whole: &Arrived, header: &str) {
    let mut without = whole.clone();
    let value = without.headers.remove(header).expect("a header that counts is sent");
    assert_forged(fixture, &without, &format!("without {header}"));
    let last = value.chars().last().expect("a header that counts is not empty");
    let other = if last == '1' { '2' } else { '1' };
    let stem = &value[..value.len() - last.len_utf8()];
    let wrong =
        [String::new(), stem.to_owned(), format!("{stem}{other}"), format!("{value}{value}"), value.to_uppercase()];
    for text in wrong.into_iter().filter(|text| *text != value) {
        let mut touched = whole.clone();
        touched.headers.insert(header.to_owned(), text.clone());
        assert_forged(fixture, &touched, &format!("{header}: {text}"));
    }
}

/// A notification is believed as long as its time is within the tolerance, both ways.
pub async fn an_old_and_a_future_notification_are_forged<F: Fixture>(fixture: &F) {
    let Some(tolerance) = F::TOLERANCE else { return };
    paid(fixture, 1).await;
    let whole = fixture.notification().await;
    let second = Span::seconds(1);
    let within = Span(tolerance.0 - second.0);
    let beyond = Span(tolerance.0 + second.0);
    for at in [whole.at.plus(within), whole.at.minus(within)] {
        verify(fixture, &Arrived { at, ..whole.clone() }).expect("it is fresh enough");
    }
    for at in [whole.at.plus(beyond), whole.at.minus(beyond)] {
        assert_forged(fixture, &Arrived { at, ..whole.clone() }, &format!("it arrives at {at:?}"));
    }
}
