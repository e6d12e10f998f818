//! A machine as a graph to draw: numbered states, their depths, and one arrow for each pair of states.
//!
//! It knows nothing of pixels. Steps between the same two states share an arrow, with a label of several lines.

use std::collections::VecDeque;

use ordain_domain::machine::Drawing;

/// Number of the start, which is no state: the steps that make the thing leave it.
pub(super) const START: usize = 0;

/// A machine, ready to be laid out.
#[derive(Debug)]
pub(super) struct Graph {
    /// What the machine is of.
    pub(super) name: &'static str,
    /// Names of the nodes: empty for [`START`], then the states in the order in which the table names them.
    pub(super) nodes: Vec<String>,
    /// The arrows, in the order of the table; no two have the same ends.
    pub(super) arrows: Vec<Arrow>,
}

/// Every step from one node to another.
#[derive(Debug)]
pub(super) struct Arrow {
    /// Number of the node before.
    pub(super) from: usize,
    /// Number of the node after.
    pub(super) to: usize,
    /// The steps that lead there, at least one.
    pub(super) steps: Vec<String>,
}

impl Graph {
    /// The graph of a machine's table.
    pub(super) fn of(drawing: &Drawing) -> Graph {
        let mut graph = Graph { name: drawing.name, nodes: vec![String::new()], arrows: Vec::new() };
        for (from, step, to) in &drawing.edges {
            let (from, to) = (graph.number(from), graph.number(to));
            match graph.arrows.iter_mut().find(|arrow| (arrow.from, arrow.to) == (from, to)) {
                Some(arrow) => arrow.steps.push(step.clone()),
                None => graph.arrows.push(Arrow { from, to, steps: vec![step.clone()] }),
            }
        }
        graph
    }

    /// The number of a node; a new name gets the next one.
    fn number(&mut self, name: &str) -> usize {
        self.nodes.iter().position(|known| known == name).unwrap_or_else(|| {
            self.nodes.push(name.to_owned());
            self.nodes.len() - 1
        })
    }

    /// The names of the states, without the start.
    pub(super) fn states(&self) -> &[String] {
        &self.nodes[START + 1..]
    }

    /// Whether nothing leads out of a node, but perhaps back into it.
    pub(super) fn is_end(&self, node: usize) -> bool {
        node != START && self.arrows.iter().all(|arrow| arrow.from != node || arrow.to == node)
    }

    /// How many steps each node is from the start, at least. A state that the start does not reach counts as if the start
    /// led to it, so that a gap in a table is drawn and not hidden.
    pub(super) fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<Option<usize>> = vec![None; self.nodes.len()];
        self.spread(&mut depths, START, 0);
        for node in 0..self.nodes.len() {
            if depths[node].is_none() {
                self.spread(&mut depths, node, 1);
            }
        }
        depths.into_iter().map(|depth| depth.expect("the loop above gives every node a depth")).collect()
    }

    /// Breadth first from `root`, over the nodes that have no depth.
    fn spread(&self, depths: &mut [Option<usize>], root: usize, depth: usize) {
        depths[root] = Some(depth);
        let mut waiting = VecDeque::from([(root, depth)]);
        while let Some((node, depth)) = waiting.pop_front() {
            for arrow in self.arrows.iter().filter(|arrow| arrow.from == node) {
                if depths[arrow.to].is_none() {
                    depths[arrow.to] = Some(depth + 1);
                    waiting.push_back((arrow.to, depth + 1));
                }
            }
        }
    }
}
