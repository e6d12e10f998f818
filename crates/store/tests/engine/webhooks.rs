//! Webhook endpoints over a fake sender: who is told what, from when on, in which order; and that an endpoint that fails, is
//! slow, is gone or is deleted is nobody else's business.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use ordain_domain::{
    answer::Answer,
    command::Command,
    event::EventRecord,
    ids::{OrderId, WebhookId},
    letter::{LetterState, ReplayLetter},
    order::{CancelOrder, CancelReason},
    rules::{LetterRules, Rules},
    time::{Span, Timestamp},
    webhook::{
        AttemptOutcome, DeleteWebhook, DisableReason, EventPattern, PutWebhook, RotateSecret, Webhook, WebhookSecret,
        WebhookState,
    },
};
use ordain_engine::{
    Engine, EngineParts,
    port::{
        clock::SystemClock,
        store::{After, Before, StoreReader as _},
        webhook_sender::{EndpointAnswer, SendOutcome, SigningSecret, WebhookRequest, WebhookSender},
    },
    webhook,
};
use ordain_store::memory::{MemoryReader, MemoryStore};

use super::shop::{LIMITS, answered, operator, order_of, place, rules, stock};

/// How an endpoint behaves, by its URL.
type Behaviour = Box<dyn Fn(&WebhookRequest) -> Option<SendOutcome> + Send + Sync>;

/// Plays all endpoints. None means that it never answers.
#[derive(Default)]
struct World {
    behaviours: Mutex<BTreeMap<String, Behaviour>>,
    /// Every message that arrived, with the number of its signatures.
    arrived: Mutex<Vec<(String, WebhookRequest)>>,
}

impl World {
    fn behaves(&self, url: &str, behaviour: impl Fn(&WebhookRequest) -> Option<SendOutcome> + Send + Sync + 'static) {
        self.behaviours.lock().unwrap().insert(url.to_owned(), Box::new(behaviour));
    }

    /// Bodies that arrived at a URL, in their order: each is the id of an event.
    fn at(&self, url: &str) -> Vec<String> {
        let arrived = self.arrived.lock().unwrap();
        let own = arrived.iter().filter(|(to, _)| to == url);
        own.map(|(_, request)| String::from_utf8(request.body.to_vec()).unwrap()).collect()
    }

    fn last(&self) -> WebhookRequest {
        self.arrived.lock().unwrap().last().expect("a message arrived").1.clone()
    }
}

impl WebhookSender for World {
    fn send(&self, request: WebhookRequest) -> BoxFuture<'_, SendOutcome> {
        let url = request.url.to_string();
        let outcome = self.behaviours.lock().unwrap().get(&url).map_or_else(|| Some(ok()), |behaves| behaves(&request));
        self.arrived.lock().unwrap().push((url, request));
        match outcome {
            Some(outcome) => Box::pin(std::future::ready(outcome)),
            None => Box::pin(std::future::pending()),
        }
    }

    fn draw_secret(&self) -> Option<SigningSecret> {
        None
    }

    fn check_url(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

fn said(status: u16) -> EndpointAnswer {
    EndpointAnswer { status, excerpt: Arc::from("word") }
}

fn ok() -> SendOutcome {
    SendOutcome::Delivered(said(204))
}

fn no() -> SendOutcome {
    SendOutcome::Refused(said(500))
}

struct Scene {
    engine: Arc<Engine>,
    memory: Arc<MemoryReader>,
    world: Arc<World>,
}

fn id_of(event: &EventRecord) -> Vec<u8> {
    event.id.to_string().into_bytes()
}

fn id(name: &str) -> WebhookId {
    WebhookId::new(name).unwrap()
}

fn secret(letter: char) -> WebhookSecret {
    WebhookSecret::new(&format!("whsec_{}", letter.to_string().repeat(32))).unwrap()
}

impl Scene {
    /// A shop whose letters are tried again after so many milliseconds each.
    async fn open(retries: &[u64]) -> Scene {
        let (store, memory) = MemoryStore::new();
        let world = Arc::new(World::default());
        let retries: Vec<Span> = retries.iter().copied().map(Span::milliseconds).collect();
        let letters = LetterRules { retries, ..LetterRules::standard(Span::seconds(5)) };
        let parts = EngineParts {
            store: Box::new(store),
            reader: Arc::<MemoryReader>::clone(&memory),
            clock: Arc::new(SystemClock),
            channels: Vec::new(),
            carriers: Vec::new(),
            webhook_sender: Some(Arc::<World>::clone(&world)),
            rules: Rules { letters, ..rules() },
            limits: LIMITS,
            on_halt: Box::new(|halt| panic!("{halt}")),
        };
        let engine = Engine::start(parts).unwrap();
        for envelope in stock() {
            engine.execute(envelope).await.unwrap().outcome.unwrap();
        }
        tokio::spawn(webhook::run(Arc::clone(&engine), id_of));
        Scene { engine, memory, world }
    }

    async fn accept(&self, command: Command) -> Answer {
        self.engine.execute(operator(command)).await.unwrap().outcome.unwrap()
    }

    async fn put(&self, name: &str, events: &str, enabled: Option<bool>) -> Arc<Webhook> {
        let command = PutWebhook {
            id: id(name),
            url: Arc::from(name),
            events: vec![EventPattern::new(events).unwrap()],
            secret: None,
            fresh_secret: secret('A'),
            enabled,
            expected_version: None,
        };
        match self.accept(Command::PutWebhook(command)).await {
            Answer::Webhook(webhook) => webhook,
            other => panic!("not an endpoint: {other:?}"),
        }
    }

    async fn order(&self, user: usize) -> OrderId {
        order_of(self.engine.execute(place(&format!("u-{user}"), "a")).await).id
    }

    async fn cancel(&self, order: OrderId) {
        let reason = CancelReason::Buyer;
        let command = CancelOrder { order, reason, note: None, lines: Vec::new(), expected_version: None };
        self.accept(Command::CancelOrder(command)).await;
    }

    fn ids(&self, order: OrderId) -> Vec<String> {
        self.memory.order_events(order, 0).unwrap().iter().map(|event| event.id.to_string()).collect()
    }

    /// Waits until something is so.
    async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let wait = async {
            while !is_so() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(super::shop::DEADLINE, wait).await;
        waited.unwrap_or_else(|_| panic!("in vain until {what}: {:?}", self.world.arrived.lock().unwrap()));
    }

    async fn until_at(&self, url: &str, expected: &[String]) {
        self.until(url, || self.world.at(url) == expected).await;
    }

    fn state(&self, name: &str) -> WebhookState {
        self.memory.webhook(&id(name)).unwrap().expect("the endpoint is there").state
    }

    async fn until_disabled(&self, name: &str, reason: DisableReason) {
        let is_so = || matches!(self.state(name), WebhookState::Disabled { reason: found, .. } if found == reason);
        self.until(name, is_so).await;
    }
}

#[tokio::test]
async fn an_endpoint_is_told_what_it_wants_from_its_creation_on() {
    let scene = Scene::open(&[1]).await;
    let early = scene.order(1).await;
    let webhook = scene.put("all", "*", None).await;
    scene.put("cancelled", "order.cancelled", None).await;
    let late = scene.order(2).await;
    scene.cancel(early).await;
    let [placed, cancelled] = [&scene.ids(late)[0], &scene.ids(early)[1]].map(Clone::clone);
    scene.until_at("all", &[placed.clone(), cancelled.clone()]).await;
    scene.until_at("cancelled", std::slice::from_ref(&cancelled)).await;
    let request = scene.world.last();
    assert_eq!((&*request.id, request.content_type), (cancelled.as_str(), "application/cloudevents+json"));
    assert_eq!(request.secrets.len(), 1);
    let kept = || scene.memory.deliveries(&webhook.consumer, Before { key: None, limit: 9 }).unwrap();
    scene.until("kept", || kept().len() == 2).await;
    let newest = kept().remove(0);
    assert_eq!(newest.attempt.event.map(|event| event.to_string()), Some(cancelled));
    assert_eq!((newest.attempt.outcome, newest.attempt.status), (AttemptOutcome::Delivered, Some(204)));
    assert_eq!((&*newest.attempt.event_type, newest.attempt.number), ("order.cancelled", 1));
}

#[tokio::test]
async fn two_secrets_sign_while_one_takes_the_place_of_the_other() {
    let scene = Scene::open(&[1]).await;
    scene.put("all", "order.*", None).await;
    let rotate = |letter, keep_old_for| {
        Command::RotateSecret(RotateSecret {
            id: id("all"),
            secret: secret(letter),
            keep_old_for,
            expected_version: None,
        })
    };
    scene.accept(rotate('B', Span::seconds(600))).await;
    let first = scene.order(1).await;
    scene.until_at("all", &scene.ids(first)).await;
    let texts = |request: WebhookRequest| request.secrets.iter().map(|secret| secret.0.clone()).collect::<Vec<_>>();
    assert_eq!(texts(scene.world.last()), [secret('B').reveal().clone(), secret('A').reveal().clone()]);
    scene.accept(rotate('C', Span(0))).await;
    let second = scene.order(2).await;
    scene.until_at("all", &[scene.ids(first), scene.ids(second)].concat()).await;
    assert_eq!(texts(scene.world.last()), [secret('C').reveal().clone()]);
}

#[tokio::test]
async fn an_endpoint_that_fails_for_one_order_delays_no_other_and_no_other_endpoint() {
    let scene = Scene::open(&[20; 500]).await;
    scene.put("picky", "order.*", None).await;
    scene.put("well", "order.*", None).await;
    let refused = Arc::new(Mutex::new(None::<String>));
    // The event of the first order that is placed is the next of the log.
    *refused.lock().unwrap() = Some(format!("evt_{}", scene.memory.head().last_event + 1));
    let told = Arc::clone(&refused);
    scene.world.behaves("picky", move |request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        Some(if told.lock().unwrap().as_ref() == Some(&body) { no() } else { ok() })
    });
    let bad = scene.order(1).await;
    let good = scene.order(2).await;
    scene.cancel(bad).await;
    scene.cancel(good).await;
    let of = |url: &str, order| {
        let ids = scene.ids(order);
        let own = scene.world.at(url).into_iter().filter(|id| ids.contains(id));
        own.collect::<Vec<_>>()
    };
    scene.until("the good order", || of("picky", good) == scene.ids(good)).await;
    scene
        .until("the other endpoint", || of("well", bad) == scene.ids(bad) && of("well", good) == scene.ids(good))
        .await;
    scene.until("tries", || of("picky", bad).len() > 3).await;
    assert!(!of("picky", bad).contains(&scene.ids(bad)[1]), "what stands behind waits");
    *refused.lock().unwrap() = None;
    scene.until("the rest", || of("picky", bad).last() == Some(&scene.ids(bad)[1])).await;
    scene.until("no letters", || scene.memory.letter_tally().unwrap().letters == 0).await;
    let behind = of("picky", bad).into_iter().filter(|id| *id == scene.ids(bad)[1]).count();
    assert_eq!(behind, 1);
}

#[tokio::test]
async fn an_endpoint_that_never_answers_delays_no_other() {
    let scene = Scene::open(&[1]).await;
    scene.put("silent", "order.*", None).await;
    scene.put("well", "order.*", None).await;
    scene.world.behaves("silent", |_| None);
    let mut expected = Vec::new();
    for user in 0..50 {
        expected.extend(scene.ids(scene.order(user).await));
    }
    let sorted = || {
        let mut at = scene.world.at("well");
        at.sort_by_key(|id| id.trim_start_matches("evt_").parse::<i64>().unwrap());
        at
    };
    scene.until("the other endpoint", || sorted() == expected).await;
    assert!(scene.world.at("silent").len() <= 16, "it is waited for, a bounded number at a time");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_goes_on_where_it_stood() {
    let scene = Scene::open(&[1; 3]).await;
    scene.put("gone", "order.*", None).await;
    scene.world.behaves("gone", |_| Some(SendOutcome::Gone(said(410))));
    let first = scene.order(1).await;
    scene.until_disabled("gone", DisableReason::Gone).await;
    let told = scene.world.at("gone").len();
    let second = scene.order(2).await;
    scene.world.behaves("gone", |_| Some(ok()));
    scene.put("gone", "order.*", Some(true)).await;
    let all = [scene.ids(first), scene.ids(second)].concat();
    scene.until("both", || all.iter().all(|id| scene.world.at("gone")[told..].contains(id))).await;
    assert_eq!(scene.world.at("gone").len(), told + 2, "nothing was sent while it was disabled");
}

#[tokio::test]
async fn an_exhausted_endpoint_is_disabled_and_its_letter_waits_for_a_person() {
    let scene = Scene::open(&[1; 3]).await;
    let webhook = scene.put("down", "order.*", None).await;
    scene.world.behaves("down", |_| Some(SendOutcome::Failed(Arc::from("no connection"))));
    let order = scene.order(1).await;
    scene.until_disabled("down", DisableReason::Exhausted).await;
    let page = After { key: None, limit: 9 };
    let dead = scene.memory.lane_heads(LetterState::Dead, page).unwrap().remove(0);
    assert_eq!((dead.letter.tries, dead.letter.last_error.as_deref()), (4, Some("no connection")));
    scene.world.behaves("down", |_| Some(ok()));
    scene.put("down", "order.*", Some(true)).await;
    let next = scene.order(2).await;
    scene.until("the next order", || scene.world.at("down").contains(&scene.ids(next)[0])).await;
    assert_eq!(scene.memory.letter_tally().unwrap().dead, 1, "a dead one is tried by nobody");
    scene.accept(Command::ReplayLetter(ReplayLetter { letter: dead.letter.id })).await;
    scene.until("the letter", || scene.memory.letter_tally().unwrap().letters == 0).await;
    assert_eq!(scene.world.at("down").last(), Some(&scene.ids(order)[0]));
    let kept = scene.memory.deliveries(&webhook.consumer, Before { key: None, limit: 9 }).unwrap();
    let of_letter: Vec<u32> =
        kept.iter().filter(|kept| kept.letter == Some(dead.letter.id)).map(|kept| kept.attempt.number).collect();
    assert_eq!(of_letter, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn an_endpoint_that_asks_for_fewer_messages_gets_fewer() {
    let scene = Scene::open(&[1; 3]).await;
    scene.put("slow", "order.*", None).await;
    let asked = Arc::new(Mutex::new(None::<Timestamp>));
    let heard = Arc::clone(&asked);
    scene.world.behaves("slow", move |request| {
        let mut heard = heard.lock().unwrap();
        match *heard {
            None => {
                *heard = Some(request.sent_at);
                let retry_after = Some(Span::milliseconds(300));
                Some(SendOutcome::SlowDown { answer: said(429), retry_after })
            }
            Some(_) => Some(ok()),
        }
    });
    scene.order(1).await;
    scene.until("the first", || asked.lock().unwrap().is_some()).await;
    scene.order(2).await;
    scene.until("all", || scene.world.at("slow").len() == 3).await;
    let first = asked.lock().unwrap().unwrap();
    let times: Vec<Timestamp> = scene.world.arrived.lock().unwrap().iter().map(|(_, sent)| sent.sent_at).collect();
    assert!(times[1..].iter().all(|at| *at >= first.plus(Span::milliseconds(300))), "{times:?}");
}

#[tokio::test]
async fn a_deleted_endpoint_is_told_nothing_and_its_name_begins_anew() {
    let scene = Scene::open(&[1_000_000]).await;
    let first = scene.put("shop", "order.*", None).await;
    scene.world.behaves("shop", |_| Some(no()));
    scene.order(1).await;
    scene.until("a letter", || scene.memory.letter_tally().unwrap().letters == 1).await;
    scene.accept(Command::DeleteWebhook(DeleteWebhook { id: id("shop"), expected_version: None })).await;
    assert_eq!(scene.memory.letter_tally().unwrap().letters, 0);
    scene.order(2).await;
    scene.world.behaves("shop", |_| Some(ok()));
    let again = scene.put("shop", "order.*", None).await;
    assert_ne!(again.consumer, first.consumer);
    let third = scene.order(3).await;
    scene.until("the third order", || scene.world.at("shop").len() == 2).await;
    assert_eq!(scene.world.at("shop")[1..], scene.ids(third));
    answered(async { scene.engine.stop() }).await;
}
