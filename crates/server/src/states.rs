//! `ordain states`: every state machine as the code runs it, drawn.
//!
//! The machines are the very tables that the decisions ask (`ordain_domain::machine`), so a drawing cannot tell anything
//! else than the code does. It reads no data: how many orders stand where is `GET /v1/ops/states`.

mod columns;
mod graph;
mod layout;
mod measures;
mod mermaid;
mod picture;
mod ranks;
mod svg;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};
use ordain_domain::machine;
use serde::Serialize;

use self::graph::Graph;
use self::layout::lay_out;
use crate::cli::{Failure, print};

/// Draw the state machines that the code runs
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Mermaid, conflicts_with = "out")]
    format: Format,

    /// Only this machine
    #[arg(long, value_name = "NAME", value_parser = names())]
    machine: Option<String>,

    /// Write NAME.mmd and NAME.svg for each machine into this directory, and print the paths
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A Mermaid stateDiagram-v2
    Mermaid,
    /// A picture for light and dark mode
    Svg,
    /// The tables themselves
    Json,
}

impl Arguments {
    /// Prints or writes the drawings.
    ///
    /// # Errors
    /// When stdout or the directory cannot be written.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let wanted = |name: &str| self.machine.as_deref().is_none_or(|machine| machine == name);
        let drawings = machine::drawings();
        let graphs: Vec<Graph> = drawings.iter().filter(|drawing| wanted(drawing.name)).map(Graph::of).collect();
        let text = match (&self.out, self.format) {
            (Some(directory), _) => write(directory, &graphs)?,
            (None, Format::Mermaid) => match &graphs[..] {
                [graph] => mermaid::one(graph),
                graphs => mermaid::several(graphs),
            },
            (None, Format::Svg) => svg::document(&graphs.iter().map(lay_out).collect::<Vec<_>>()),
            (None, Format::Json) => serde_json::to_string_pretty(&Listing::of(&graphs))? + "\n",
        };
        print(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The machines that there are; another name is wrong usage.
fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(machine::drawings().into_iter().map(|drawing| drawing.name))
}

/// Writes two files a machine and tells their paths, one a line.
fn write(directory: &Path, graphs: &[Graph]) -> Result<String, Failure> {
    let explain = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(directory).map_err(|error| explain(directory, error))?;
    let mut paths = String::new();
    for graph in graphs {
        for (extension, text) in [("mmd", mermaid::one(graph)), ("svg", svg::document(&[lay_out(graph)]))] {
            let path = directory.join(graph.name).with_extension(extension);
            fs::write(&path, text).map_err(|error| explain(&path, error))?;
            paths += &format!("{}\n", path.display());
        }
    }
    Ok(paths)
}

/// The tables for programs.
#[derive(Serialize)]
struct Listing<'a> {
    machines: Vec<Machine<'a>>,
}

/// One table: its states, those that nothing leads out of, and a row for each step.
#[derive(Serialize)]
struct Machine<'a> {
    name: &'a str,
    states: &'a [String],
    ends: Vec<&'a str>,
    transitions: Vec<Transition<'a>>,
}

/// One step; `from` is null for the one that makes the thing.
#[derive(Serialize)]
struct Transition<'a> {
    from: Option<&'a str>,
    step: &'a str,
    to: &'a str,
}

impl<'a> Listing<'a> {
    fn of(graphs: &'a [Graph]) -> Listing<'a> {
        Listing { machines: graphs.iter().map(Machine::of).collect() }
    }
}

impl<'a> Machine<'a> {
    fn of(graph: &'a Graph) -> Machine<'a> {
        let name = |node: usize| graph.nodes[node].as_str();
        let transitions = graph.arrows.iter().flat_map(|arrow| {
            let from = (arrow.from != graph::START).then(|| name(arrow.from));
            arrow.steps.iter().map(move |step| Transition { from, step, to: name(arrow.to) })
        });
        let ends = (0..graph.nodes.len()).filter(|node| graph.is_end(*node)).map(name).collect();
        Machine { name: graph.name, states: graph.states(), ends, transitions: transitions.collect() }
    }
}
