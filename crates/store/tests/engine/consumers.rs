//! Consumer groups: every event in its order, at least once, whatever fails in between.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ordain_domain::event::EventRecord;
use ordain_engine::{
    Engine,
    consumer::{ConsumerGroup, EventHandler, HandlerFailure, Step, StepFailure},
    port::store::FailureKind,
};
use ordain_store::memory::CommitFault;

use super::shop::{DEADLINE, Shop, answered, begin, place};

/// Writes down the positions of what it is handed, and fails when it is told to.
#[derive(Clone, Default)]
struct Notebook {
    chunks: Arc<Mutex<Vec<Vec<i64>>>>,
    failures: Arc<AtomicUsize>,
    told: Arc<tokio::sync::Notify>,
}

impl Notebook {
    fn positions(&self) -> Vec<i64> {
        self.chunks.lock().unwrap().concat()
    }

    fn fail_next(&self, times: usize) {
        self.failures.store(times, Ordering::SeqCst);
    }

    async fn until(&self, count: usize) {
        let enough = async {
            while self.positions().len() < count {
                self.told.notified().await;
            }
        };
        answered(enough).await;
    }
}

impl EventHandler for Notebook {
    async fn handle(&self, events: &[EventRecord]) -> Result<(), HandlerFailure> {
        let left = self.failures.load(Ordering::SeqCst);
        if left > 0 {
            self.failures.store(left - 1, Ordering::SeqCst);
            return Err(HandlerFailure("not today".to_owned()));
        }
        self.chunks.lock().unwrap().push(events.iter().map(|event| event.id.number()).collect());
        self.told.notify_one();
        Ok(())
    }
}

fn group(shop: &Shop, name: &str, notebook: &Notebook) -> ConsumerGroup<Notebook> {
    ConsumerGroup::new(Arc::clone(&shop.engine), name, notebook.clone())
}

/// Steps until there is nothing new; answers how many events that were.
async fn catch_up(group: &ConsumerGroup<Notebook>) -> usize {
    let mut handled = 0;
    loop {
        match answered(group.step()).await.unwrap() {
            Step::Handled(count) => handled += count,
            Step::Idle => return handled,
            Step::Moved => panic!("nobody moved the cursor"),
        }
    }
}

async fn place_some(shop: &Shop, prefix: &str, count: usize) -> i64 {
    let orders = (0..count).map(|number| place(&format!("{prefix}-{number}"), "a")).collect();
    for answer in answered(shop.engine.execute_all(orders)).await.unwrap() {
        assert!(answer.unwrap().outcome.is_ok());
    }
    shop.memory.head().last_event
}

fn everything(last: i64) -> Vec<i64> {
    (1..=last).collect()
}

#[tokio::test]
async fn a_group_is_handed_the_whole_log_once_and_in_order() {
    let shop = Shop::open().await;
    let last = place_some(&shop, "u", 700).await;
    let (early, late) = (Notebook::default(), Notebook::default());
    let first = group(&shop, "first", &early);
    assert_eq!(catch_up(&first).await, usize::try_from(last).unwrap());
    assert_eq!(early.positions(), everything(last));
    assert!(early.chunks.lock().unwrap().iter().all(|chunk| chunk.len() <= 256), "a chunk has a bound");
    assert_eq!(catch_up(&first).await, 0);

    let last = place_some(&shop, "v", 3).await;
    assert_eq!(catch_up(&first).await, 3);
    assert_eq!(early.positions(), everything(last));
    assert_eq!(
        catch_up(&group(&shop, "second", &late)).await,
        usize::try_from(last).unwrap(),
        "each has its own cursor"
    );
    assert_eq!(late.positions(), everything(last));
}

#[tokio::test]
async fn a_group_resumes_where_it_stood_when_the_process_ended() {
    let shop = Shop::open().await;
    place_some(&shop, "u", 300).await;
    let notebook = Notebook::default();
    let before = group(&shop, "group", &notebook);
    assert_eq!(answered(before.step()).await.unwrap(), Step::Handled(256));
    drop(before);
    let shop = shop.restart();
    let last = place_some(&shop, "v", 10).await;
    catch_up(&group(&shop, "group", &notebook)).await;
    assert_eq!(notebook.positions(), everything(last));
}

#[tokio::test]
async fn what_was_handled_but_not_noted_is_handed_out_again() {
    let shop = Shop::open().await;
    let last = place_some(&shop, "u", 5).await;
    let notebook = Notebook::default();
    let group = group(&shop, "group", &notebook);
    shop.memory.fail_next_commit(CommitFault::NotCommitted(FailureKind::Busy));
    let failed = answered(group.step()).await;
    assert!(matches!(failed, Err(StepFailure::Engine(_))), "{failed:?}");
    catch_up(&group).await;
    assert_eq!(notebook.positions(), [everything(last), everything(last)].concat(), "at least once");
    // A commit that was written after all is not repeated.
    let more = place_some(&shop, "v", 5).await;
    shop.memory.fail_next_commit(CommitFault::UnknownWritten);
    catch_up(&group).await;
    assert_eq!(notebook.positions()[2 * everything(last).len()..], everything(more)[everything(last).len()..]);
}

#[tokio::test]
async fn a_group_replays_from_where_its_cursor_is_put() {
    let shop = Shop::open().await;
    let last = place_some(&shop, "u", 20).await;
    let notebook = Notebook::default();
    let group = group(&shop, "group", &notebook);
    catch_up(&group).await;
    let engine = &shop.engine;
    assert!(!engine.move_cursor("group", Some(last - 1), 0).await.unwrap(), "it does not stand there");
    assert_eq!(catch_up(&group).await, 0);
    assert!(engine.move_cursor("group", None, last - 7).await.unwrap());
    assert_eq!(catch_up(&group).await, 7);
    assert!(engine.move_cursor("group", Some(last), 0).await.unwrap());
    catch_up(&group).await;
    assert_eq!(
        notebook.positions(),
        [everything(last), everything(last).split_off(last as usize - 7), everything(last)].concat()
    );
    assert!(engine.move_cursor("unheard-of", Some(0), 3).await.unwrap(), "a new name stands at 0");
}

#[tokio::test]
async fn a_handler_that_fails_is_handed_the_same_again_and_holds_up_only_its_group() {
    let shop = Shop::open().await;
    let last = place_some(&shop, "u", 300).await;
    let (failing, well) = (Notebook::default(), Notebook::default());
    let group_of_failing = group(&shop, "failing", &failing);
    failing.fail_next(3);
    for _ in 0..3 {
        let failed = answered(group_of_failing.step()).await;
        assert!(matches!(failed, Err(StepFailure::Handler(_))), "{failed:?}");
    }
    assert_eq!(shop.memory.cursors().get("failing"), None, "the cursor stays");
    catch_up(&group(&shop, "well", &well)).await;
    assert_eq!(answered(group_of_failing.step()).await.unwrap(), Step::Handled(256));
    failing.fail_next(1);
    assert!(answered(group_of_failing.step()).await.is_err());
    catch_up(&group_of_failing).await;
    assert_eq!(failing.positions(), everything(last));
    assert_eq!(well.positions(), everything(last));
}

/// Moves its own group's cursor while it handles, as an operator might at any time.
struct Replayed {
    engine: Arc<Engine>,
    to: Mutex<Option<i64>>,
    notebook: Notebook,
}

impl EventHandler for Replayed {
    async fn handle(&self, events: &[EventRecord]) -> Result<(), HandlerFailure> {
        self.notebook.handle(events).await?;
        let to = self.to.lock().unwrap().take();
        if let Some(to) = to {
            let moved = self.engine.move_cursor("group", None, to).await;
            assert!(moved.unwrap());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_replay_during_a_step_wins_over_the_step() {
    let shop = Shop::open().await;
    let last = place_some(&shop, "u", 20).await;
    let notebook = Notebook::default();
    let engine = Arc::clone(&shop.engine);
    let handler = Replayed { engine, to: Mutex::new(Some(last - 2)), notebook: notebook.clone() };
    let group = ConsumerGroup::new(Arc::clone(&shop.engine), "group", handler);
    assert_eq!(answered(group.step()).await.unwrap(), Step::Moved);
    assert_eq!(answered(group.step()).await.unwrap(), Step::Handled(2), "from where the replay put it");
    assert_eq!(answered(group.step()).await.unwrap(), Step::Idle);
    assert_eq!(notebook.positions(), [everything(last), vec![last - 1, last]].concat());
}

#[tokio::test]
async fn a_running_group_follows_the_log_through_failures_and_ends_with_the_engine() {
    let shop = Shop::open().await;
    let notebook = Notebook::default();
    notebook.fail_next(2);
    let running = tokio::spawn(group(&shop, "group", &notebook).run());
    let mut last = shop.memory.head().last_event;
    for round in 0..5 {
        notebook.until(usize::try_from(last).unwrap()).await;
        assert_eq!(notebook.positions(), everything(last));
        if round == 2 {
            notebook.fail_next(1);
        }
        last = place_some(&shop, &format!("u-{round}"), 3).await;
    }
    // Noted means that it is about to find nothing new, and a few turns later it has found it.
    let noted = async {
        while shop.memory.cursors().get("group") != Some(&last) {
            tokio::task::yield_now().await;
        }
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    answered(noted).await;
    shop.engine.stop();
    tokio::time::timeout(Duration::from_secs(10), running).await.expect("woken by the stop").unwrap();
}

#[tokio::test]
async fn a_cursor_is_moved_once_it_is_durable() {
    let shop = Shop::open().await;
    shop.memory.hold_commits();
    let mut moving = begin(shop.engine.move_cursor("group", None, 2)).await;
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    let early = tokio::select! { biased; moved = &mut moving => Some(moved), () = std::future::ready(()) => None };
    assert!(early.is_none(), "told before it was kept: {early:?}");
    shop.memory.release_commits();
    assert!(answered(moving).await.unwrap());
    assert_eq!(shop.memory.cursors().get("group"), Some(&2));
}
