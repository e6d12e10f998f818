//! `ordain serve`: joins store, engine and HTTP, and takes them apart again in the right order.
//!
//! Start: store (and with it recovery), engine, background work, listener. Stop on SIGTERM or Ctrl-C: no new connections,
//! requests under way are finished, the last batch commits, the store closes, exit 0. It decides nothing.

mod connections;
mod sandbox;
mod shutdown;
mod socket_file;
mod transition_log;
mod wire;

pub(crate) use self::wire::sqlite_settings;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::serve::{Listener, ListenerExt as _};
use clap::Args;
use ordain_engine::Engine;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use self::{connections::Beginning, socket_file::SocketListener};
use crate::{
    cli::{Failure, SettingsArguments},
    config::{Config, HttpAddress},
    telemetry,
};

/// How long requests under way may take to finish after the signal to stop.
const DRAIN_MAX: Duration = Duration::from_secs(8);

/// Serve orders over HTTP
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
}

impl Arguments {
    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// When the configuration is wrong, the store cannot be opened or the address cannot be bound.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let config = self.settings.load()?;
        telemetry::start(&config.telemetry)?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        refuse_open_door(&config.listen.http)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(http_threads(config.listen.threads))
            .enable_all()
            .build()?;
        match &config.listen.http {
            HttpAddress::Tcp(address) => {
                let listener = runtime.block_on(bind(*address))?;
                let address = HttpAddress::Tcp(listener.local_addr()?);
                run_behind(listener.tap_io(send_at_once), &address, &config, runtime)
            }
            address @ HttpAddress::Unix(path) => {
                let listener = runtime.block_on(SocketListener::bind(path))?;
                run_behind(listener, address, &config, runtime)
            }
        }
    }
}

/// Serves the callers of a listener until it is told to stop. The address is known before anything is opened: the sandbox
/// tells it to payers.
fn run_behind<L: Listener<Io: Beginning>>(
    listener: L,
    address: &HttpAddress,
    config: &Config,
    runtime: Runtime,
) -> Result<ExitCode, Failure> {
    let sandboxes = sandbox::open(config, address)?;
    let engine = wire::engine(config, sandboxes.as_ref())?;
    runtime.block_on(serve(config, &engine, (listener, address), sandboxes.as_ref()));
    // Background tasks end with the runtime; the engine answers what it took before its thread ends.
    engine.stop();
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(ExitCode::SUCCESS)
}

/// One core is left to the shard's thread. Measured on two cores with 64 connections: one HTTP thread gives a higher rate
/// and a quarter of the p99 latency of two, because the shard's thread need not wait for a core when its sync returns.
fn http_threads(wanted: usize) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1)),
        _ => wanted,
    }
}

/// Without authentication everybody who can connect is an operator, so only this machine may connect.
fn refuse_open_door(address: &HttpAddress) -> Result<(), Failure> {
    match address {
        HttpAddress::Tcp(tcp) if tcp.ip().is_loopback() => {
            tracing::warn!("no authentication is configured: every caller is an operator; serving loopback only");
        }
        HttpAddress::Unix(_) => tracing::warn!(
            "no authentication is configured: whoever reaches {address} is an operator; its mode is {:04o}, for its owner only",
            socket_file::MODE
        ),
        HttpAddress::Tcp(_) => {
            return Err(format!(
                "refusing to listen on {address}: no authentication is configured, and every caller would be an operator; \
                 use a loopback address such as 127.0.0.1:8080, or a socket such as unix:/run/ordain.sock"
            )
            .into());
        }
    }
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    Ok(TcpListener::bind(address).await.map_err(|error| format!("binding {address}: {error}"))?)
}

/// Answers are small and whole: waiting to fill a segment would only delay them.
fn send_at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error.message = %error, "setting TCP_NODELAY failed");
    }
}

async fn serve<L: Listener<Io: Beginning>>(
    config: &Config,
    engine: &Arc<Engine>,
    (listener, address): (L, &HttpAddress),
    sandboxes: Option<&sandbox::Sandboxes>,
) {
    wire::background(config, engine);
    let (told, mut stop_told) = tokio::sync::watch::channel(false);
    let router = ordain_api::router_with_drain(Arc::clone(engine), wire::api_settings(config), stop_told.clone());
    let router = sandboxes.map_or(router.clone(), |sandboxes| sandbox::mount(sandboxes, router));
    tracing::info!(%address, "serving HTTP");
    let signal = async move {
        shutdown::requested().await;
        tracing::info!("stopping: finishing requests under way");
        told.send_replace(true);
    };
    let stop = stop_told.clone();
    let serving = connections::serve(listener, router, config.limits.read_timeout, stop);
    let deadline = async {
        // An error would mean that the sender is gone, which is after the signal as well.
        drop(stop_told.wait_for(|told| *told).await);
        tokio::time::sleep(DRAIN_MAX).await;
    };
    tokio::select! {
        biased;
        () = async { tokio::join!(signal, serving); } => {}
        () = deadline => tracing::warn!("some connections did not finish in time and are cut"),
    }
    if let Some(sandboxes) = sandboxes {
        sandboxes.channel.stop().await;
    }
}
