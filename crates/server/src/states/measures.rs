//! Sizes of boxes and labels, and how far apart ranks and the ends of arrows are.
//!
//! Sizes are for a monospaced font of 0.6 em, with a little room: nothing is measured, so that the drawing is the same on
//! every machine. Where things are is not decided here.

use super::columns::Reach;
use super::graph::{Graph, START};
use super::ranks::{Link, Place, Ranks, Role};

/// Width of one character of a state's name (13 px type), px.
const NAME_CHARACTER: i32 = 8;
/// Width of one character of a step's name (12 px type), px. The caption has the states' type.
const STEP_CHARACTER: i32 = 8;
/// Height of one line of a label, px.
pub(super) const STEP_LINE: i32 = 16;
/// Height of a state's box, px.
const BOX_HEIGHT: i32 = 36;
/// Height and width of the start, px.
const START_SIZE: i32 = 14;
/// Distance between the ends of arrows at a box, px.
const PORT_DISTANCE: i32 = 26;
/// Distance of a loop's label from its box, px. The loop's far end is behind the label.
pub(super) const LOOP: i32 = 26;
/// Free space around everything, px.
pub(super) const MARGIN: i32 = 20;
/// Height of the line with the machine's name, px.
const CAPTION: i32 = 30;

/// Length of a text in characters. Names in the tables are a few words long.
fn characters(text: &str) -> i32 {
    i32::try_from(text.chars().count()).expect("a name has few characters")
}

/// Width of the line with the machine's name, px.
pub(super) fn caption_width(name: &str) -> i32 {
    characters(name) * NAME_CHARACTER
}

/// Width and height of an arrow's label.
pub(super) fn label_size(steps: &[String]) -> (i32, i32) {
    let longest = steps.iter().map(|step| characters(step)).max().unwrap_or(0);
    let lines = i32::try_from(steps.len()).expect("an arrow has few steps");
    (longest * STEP_CHARACTER + 10, lines * STEP_LINE + 4)
}

/// Width and height of every place.
pub(super) fn sizes(graph: &Graph, ranks: &Ranks) -> Vec<(i32, i32)> {
    let size = |(number, place): (usize, &Place)| match place.role {
        Role::Node(START) => (START_SIZE, START_SIZE),
        Role::Node(node) => {
            let below = ranks.links.iter().filter(|link| link.upper == number).count();
            let above = ranks.links.iter().filter(|link| link.lower == number).count();
            let ends = i32::try_from(above.max(below)).expect("a state has few arrows");
            ((characters(&graph.nodes[node]) * NAME_CHARACTER + 32).max(ends * PORT_DISTANCE + 6), BOX_HEIGHT)
        }
        Role::Label(arrow) => label_size(&graph.arrows[arrow].steps),
        Role::Pass(_) => (2, 0),
    };
    // Even numbers have whole middles.
    ranks.places.iter().enumerate().map(size).map(|(width, height)| (width + width % 2, height)).collect()
}

/// How far the places reach from their axes; loops stand out to the right of their boxes.
pub(super) fn reaches(graph: &Graph, sizes: &[(i32, i32)]) -> Vec<Reach> {
    let mut reaches: Vec<Reach> = sizes.iter().map(|(width, _)| Reach { left: width / 2, right: width / 2 }).collect();
    for arrow in graph.arrows.iter().filter(|arrow| arrow.from == arrow.to) {
        reaches[arrow.from].right += LOOP + label_size(&arrow.steps).0;
    }
    reaches
}

/// For each link how far beside the axes of its two places it ends, px: arrows share the side of a box evenly, in the order
/// of what they lead to, so that they do not cross at the box.
pub(super) fn ports(ranks: &Ranks) -> Vec<(i32, i32)> {
    let positions = ranks.positions();
    let mut ports = vec![(0, 0); ranks.links.len()];
    for place in 0..ranks.places.len() {
        let mut below: Vec<usize> = (0..ports.len()).filter(|link| ranks.links[*link].upper == place).collect();
        below.sort_by_key(|link| positions[ranks.links[*link].lower]);
        for (link, offset) in below.iter().zip(offsets(below.len())) {
            // The start is a dot: whatever leaves it does so in one point.
            ports[*link].0 = if place == START { 0 } else { offset };
        }
        let mut above: Vec<usize> = (0..ports.len()).filter(|link| ranks.links[*link].lower == place).collect();
        above.sort_by_key(|link| positions[ranks.links[*link].upper]);
        for (link, offset) in above.iter().zip(offsets(above.len())) {
            ports[*link].1 = offset;
        }
    }
    ports
}

/// Offsets of `count` ends around an axis.
fn offsets(count: usize) -> impl Iterator<Item = i32> {
    let first = 1 - i32::try_from(count).expect("a state has few arrows");
    (0..).map(move |index| (first + 2 * index) * (PORT_DISTANCE / 2))
}

/// Where a rank begins and ends, px from the top.
#[derive(Clone, Copy)]
pub(super) struct Band {
    /// Its upper edge.
    pub(super) top: i32,
    /// Its lower edge.
    pub(super) bottom: i32,
}

/// The bands of all ranks. Arrows that run far aside get more height to do it in.
pub(super) fn bands(ranks: &Ranks, sizes: &[(i32, i32)], ports: &[(i32, i32)], columns: &[i32]) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for (rank, places) in ranks.order.iter().enumerate() {
        let gap = |(link, port): (&Link, &(i32, i32))| {
            let aside = (columns[link.upper] + port.0 - columns[link.lower] - port.1).abs();
            (ranks.places[link.lower].rank == rank).then(|| (18 + aside / 6).min(64))
        };
        let gap = ranks.links.iter().zip(ports).filter_map(gap).max().unwrap_or(0);
        let top = bands.last().map_or(MARGIN + CAPTION, |above| above.bottom) + gap;
        let height = places.iter().map(|place| sizes[*place].1).max().unwrap_or(0);
        bands.push(Band { top, bottom: top + height });
    }
    bands
}

/// How far aside an arrow runs on its way down through a label, px to each side of the label's axis: a line that comes from
/// the left and goes to the right is drawn in one sweep, and never leaves the width of its label.
pub(super) fn leans(ranks: &Ranks, sizes: &[(i32, i32)], ports: &[(i32, i32)], columns: &[i32]) -> Vec<i32> {
    let lean = |(number, place): (usize, &Place)| {
        let from = ranks.links.iter().zip(ports).find(|(link, _)| link.lower == number);
        let to = ranks.links.iter().zip(ports).find(|(link, _)| link.upper == number);
        let (Role::Label(_), Some((from, from_port)), Some((to, to_port))) = (place.role, from, to) else { return 0 };
        let before = columns[number] - columns[from.upper] - from_port.0;
        let after = columns[to.lower] + to_port.1 - columns[number];
        let (width, height) = sizes[number];
        let most = (width / 2 - 8).min(height / 2).max(0);
        let side = if before > 0 && after > 0 { 1 } else { -i32::from(before < 0 && after < 0) };
        side * (before.abs().min(after.abs()) / 3).min(most)
    };
    ranks.places.iter().enumerate().map(lean).collect()
}
