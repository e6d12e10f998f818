//! Machines as Mermaid `stateDiagram-v2`, which GitHub and many editors draw.
//!
//! The layout is Mermaid's. Syntax: <https://mermaid.js.org/syntax/stateDiagram.html>.

use std::fmt::Write as _;

use super::graph::{Graph, START};

/// One machine as a document of its own.
pub(super) fn one(graph: &Graph) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    lines(&mut text, graph, "    ", "");
    text
}

/// Several machines as one document, each inside a state of its name. Names of states are global in Mermaid, and machines
/// share words, so each state is known by its machine's name too.
pub(super) fn several(graphs: &[Graph]) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for graph in graphs {
        let prefix = format!("{}_", graph.name);
        let _ = writeln!(text, "    state {} {{", graph.name);
        for state in graph.states() {
            let _ = writeln!(text, "        state \"{state}\" as {prefix}{state}");
        }
        lines(&mut text, graph, "        ", &prefix);
        text.push_str("    }\n");
    }
    text
}

/// The transitions, one line a step. Writing into a string cannot fail.
fn lines(text: &mut String, graph: &Graph, indent: &str, prefix: &str) {
    let word = |node: usize| match node {
        START => "[*]".to_owned(),
        state => format!("{prefix}{}", graph.nodes[state]),
    };
    for arrow in &graph.arrows {
        for step in &arrow.steps {
            let _ = writeln!(text, "{indent}{} --> {} : {step}", word(arrow.from), word(arrow.to));
        }
    }
    for node in (START + 1..graph.nodes.len()).filter(|node| graph.is_end(*node)) {
        let _ = writeln!(text, "{indent}{} --> [*]", word(node));
    }
}
