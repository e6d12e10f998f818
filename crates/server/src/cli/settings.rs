//! The flags of every command that needs the configuration.
//!
//! `--data` and `--listen` are short for the keys that are set most often, and stronger than `--set`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::config::{Assignment, Config, ConfigError, Layers, Sources};

/// Where the settings of this run come from.
#[derive(Debug, Args)]
pub(crate) struct SettingsArguments {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Keep the data in this directory (store.url = "sqlite:DIR/ordain.db") [default: ordain-data]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data: Option<String>,

    /// Listen here for HTTP (listen.http), an IP address and a port or unix:PATH [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,

    /// Set one key, for example orders.payment_window=2s; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Assignment>,
}

impl SettingsArguments {
    /// The values of every source, the environment of the process among them.
    ///
    /// # Errors
    /// A file that cannot be read, or an unknown key.
    pub(crate) fn gather(self) -> Result<Layers, ConfigError> {
        let mut assignments = self.set;
        assignments.extend(self.data.map(|directory| Assignment {
            key: "store.url".to_owned(),
            value: format!("sqlite:{}", PathBuf::from(directory).join("ordain.db").display()),
            flag: "--data",
        }));
        assignments.extend(self.listen.map(|address| Assignment {
            key: "listen.http".to_owned(),
            value: address,
            flag: "--listen",
        }));
        Layers::gather(&Sources { file: self.config, environment: std::env::vars_os().collect(), assignments })
    }

    /// The configuration of this run.
    ///
    /// # Errors
    /// As [`SettingsArguments::gather`], and any value of a wrong type, form or size.
    pub(crate) fn load(self) -> Result<Config, ConfigError> {
        Config::read(&self.gather()?)
    }
}
