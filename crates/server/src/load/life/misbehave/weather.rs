//! The sandbox's faults while a run misbehaves: a menu for a moment, then the next, in an order drawn from the seed.
//!
//! It only sets menus; when all is over it sets the one without faults.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::{
    cli::Failure,
    load::{
        bulk::exchange_patiently,
        client::{Connection, Endpoint},
        scenario::scattered,
        tally::excerpt,
    },
};

/// How long one menu is in force.
const SPELL: Duration = Duration::from_millis(300);
/// How long a change of the menu is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// Menus as the sandbox's interface takes them, without their seed. Fair weather comes more often than any fault, so that
/// what was held up can go on.
const MENUS: [&str; 9] = [
    "",
    "",
    r#""slow_ms":20,"#,
    r#""reply_lost":0.2,"#,
    r#""error_then_success":0.3,"#,
    r#""refund_refused":0.5,"#,
    r#""refund_unknown":0.5,"refund_settles_ms":400,"#,
    r#""down":true,"#,
    r#""reply_lost":0.1,"error_then_success":0.1,"refund_refused":0.2,"refund_unknown":0.2,"refund_settles_ms":200,"slow_ms":5,"#,
];

/// Changing menus, until it is ended.
pub(super) struct Weather {
    thread: JoinHandle<Result<(), String>>,
    is_over: Arc<AtomicBool>,
}

impl Weather {
    /// Begins with the first menu of `seed`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn begin(endpoint: &Endpoint, seed: u64) -> Result<Weather, Failure> {
        let (endpoint, is_over) = (endpoint.clone(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&is_over);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new()
            .name("weather".to_owned())
            .spawn(move || runtime.block_on(change(&endpoint, seed, &told)).map_err(|failure| failure.to_string()))?;
        Ok(Weather { thread, is_over })
    }

    /// Ends with fair weather.
    ///
    /// # Errors
    /// When the sandbox did not take a menu.
    pub(super) fn end(self) -> Result<(), Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the thread of the faults panicked")??;
        Ok(())
    }
}

async fn change(endpoint: &Endpoint, seed: u64, is_over: &AtomicBool) -> Result<(), Failure> {
    let mut connection = Connection::new(endpoint.clone());
    let mut spell = 0;
    while !is_over.load(Ordering::Relaxed) {
        set(endpoint, &mut connection, &menu(seed, spell)).await?;
        spell += 1;
        tokio::time::sleep(SPELL).await;
    }
    set(endpoint, &mut connection, "{}").await
}

/// The menu of spell `number`.
fn menu(seed: u64, number: u64) -> String {
    let drawn = scattered(scattered(seed) ^ number);
    let faults = MENUS[(drawn % MENUS.len() as u64) as usize];
    format!("{{{faults}\"seed\":{}}}", drawn >> 16)
}

async fn set(endpoint: &Endpoint, connection: &mut Connection, menu: &str) -> Result<(), Failure> {
    let mut request = Vec::new();
    let head = endpoint.head("PUT", "/sandbox/v1/faults", Some("application/json"));
    head.write(&mut request, b"", None, menu.as_bytes());
    let answer = exchange_patiently(connection, &request, PATIENCE).await?;
    if answer.status == 200 {
        return Ok(());
    }
    Err(format!("the sandbox does not take {menu}: {}: {}", answer.status, excerpt(&answer.body)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn menus_are_json_and_every_one_comes() {
        let mut seen = std::collections::BTreeSet::new();
        for spell in 0..200 {
            let value: serde_json::Value = serde_json::from_str(&menu(1, spell)).unwrap();
            assert!(value["seed"].is_u64());
            seen.insert(value.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
        }
        assert_eq!(seen.len(), MENUS.len() - 1, "fair weather stands there twice");
    }
}
