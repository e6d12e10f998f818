//! From a graph to a picture: asks for ranks, columns and sizes, and draws the lines between them.
//!
//! A line crosses a rank only where a place is kept for it, and bends only between ranks, where nothing else is: so it
//! touches neither boxes nor the labels of other arrows. It writes no file.

use super::columns::columns;
use super::graph::{Arrow, Graph, START};
use super::measures::{Band, LOOP, MARGIN, bands, caption_width, label_size, leans, ports, reaches, sizes};
use super::picture::{Area, DrawnArrow, Heading, Picture, Point, StateBox};
use super::ranks::{Ranks, Role};

/// Length of an arrow's head, px. Its line ends where the head begins.
const HEAD: i32 = 8;
/// How far beyond the edge of its label the controls of a loop's curve lie, px.
const LOOP_PULL: i32 = 16;
/// Half the distance of a loop's two ends, px.
const LOOP_HALF: i32 = 8;

/// Lays a machine out.
pub(super) fn lay_out(graph: &Graph) -> Picture {
    let ranks = Ranks::of(graph);
    let ports = ports(&ranks);
    let sizes = sizes(graph, &ranks);
    let reaches = reaches(graph, &sizes);
    let columns: Vec<i32> = columns(&ranks, &reaches, &ports).into_iter().map(|column| column + MARGIN).collect();
    let right = columns.iter().zip(&reaches).map(|(column, reach)| column + reach.right).max().unwrap_or(0);
    let bands = bands(&ranks, &sizes, &ports, &columns);
    let leans = leans(&ranks, &sizes, &ports, &columns);
    let layout = Layout { graph, ranks, ports, sizes, columns, bands, leans };
    Picture {
        name: graph.name,
        width: right.max(MARGIN + caption_width(graph.name)) + MARGIN,
        height: layout.bands.last().map_or(0, |band| band.bottom) + MARGIN,
        start: layout.area(START),
        boxes: (START + 1..graph.nodes.len()).map(|node| layout.state(node)).collect(),
        arrows: graph.arrows.iter().enumerate().map(|(number, arrow)| layout.arrow(number, arrow)).collect(),
    }
}

/// Everything that is known once all places have coordinates.
struct Layout<'a> {
    graph: &'a Graph,
    ranks: Ranks,
    ports: Vec<(i32, i32)>,
    sizes: Vec<(i32, i32)>,
    columns: Vec<i32>,
    bands: Vec<Band>,
    leans: Vec<i32>,
}

impl Layout<'_> {
    fn band(&self, place: usize) -> Band {
        self.bands[self.ranks.places[place].rank]
    }

    fn area(&self, place: usize) -> Area {
        let Band { top, bottom } = self.band(place);
        let (width, height) = self.sizes[place];
        Area::around(Point { x: self.columns[place], y: top.midpoint(bottom) }, width, height)
    }

    fn state(&self, node: usize) -> StateBox {
        StateBox { area: self.area(node), name: self.graph.nodes[node].clone(), is_end: self.graph.is_end(node) }
    }

    fn arrow(&self, number: usize, arrow: &Arrow) -> DrawnArrow {
        let route = &self.ranks.routes[number];
        let [.., last] = route[..] else { return self.looped(arrow) };
        let downwards = self.directions(arrow.from, route);
        let mut line: Vec<[Point; 4]> = Vec::new();
        for (link, is_down) in route.iter().zip(&downwards) {
            let piece = self.piece(*link, *is_down, *link == last);
            if let Some(before) = line.last() {
                line.extend(self.crossed(before[3], piece[0], self.ranks.links[*link].lower));
            }
            line.push(piece);
        }
        let (heading, tip) = match downwards.last() {
            Some(true) => (Heading::Down, self.ends(last).1),
            _ => (Heading::Up, self.ends(last).0),
        };
        let label = (0..self.ranks.places.len()).find(|place| self.ranks.places[*place].role == Role::Label(number));
        DrawnArrow {
            ends: self.names(arrow),
            begin: line[0][0],
            curves: line.into_iter().map(|[_, first, second, end]| [first, second, end]).collect(),
            tip,
            heading,
            label: self.area(label.expect("an arrow between two states has a label")),
            steps: arrow.steps.clone(),
        }
    }

    fn names(&self, arrow: &Arrow) -> (String, String) {
        (self.graph.nodes[arrow.from].clone(), self.graph.nodes[arrow.to].clone())
    }

    /// For each link of a route whether the arrow runs down it.
    fn directions(&self, from: usize, route: &[usize]) -> Vec<bool> {
        let mut here = from;
        let mut directions = Vec::new();
        for link in route.iter().map(|link| self.ranks.links[*link]) {
            let is_down = link.upper == here;
            here = if is_down { link.lower } else { link.upper };
            directions.push(is_down);
        }
        directions
    }

    /// Where a link leaves the upper place's band and where it reaches that of the lower.
    fn ends(&self, link: usize) -> (Point, Point) {
        let (ends, ports) = (self.ranks.links[link], self.ports[link]);
        let upper = self.columns[ends.upper] + ports.0 + self.leans[ends.upper];
        let lower = self.columns[ends.lower] + ports.1 - self.leans[ends.lower];
        (Point { x: upper, y: self.band(ends.upper).bottom }, Point { x: lower, y: self.band(ends.lower).top })
    }

    /// The curve between two ranks in the direction of its arrow. It begins and ends vertically at boxes and with the lean of
    /// a label; the last one leaves room for the head.
    fn piece(&self, link: usize, is_down: bool, is_last: bool) -> [Point; 4] {
        let (mut upper, mut lower) = self.ends(link);
        if is_last && is_down {
            lower.y -= HEAD;
        } else if is_last {
            upper.y += HEAD;
        }
        let half = (lower.y - upper.y) / 2;
        let ends = self.ranks.links[link];
        let aside = |place: usize| {
            let Band { top, bottom } = self.band(place);
            if self.leans[place] == 0 { 0 } else { 2 * self.leans[place] * half / (bottom - top) }
        };
        let first = Point { x: upper.x + aside(ends.upper), y: upper.y + half };
        let second = Point { x: lower.x - aside(ends.lower), y: lower.y - half };
        if is_down { [upper, first, second, lower] } else { [lower, second, first, upper] }
    }

    /// The straight lines across the rank of a label or a free place. An arrow between states of one rank turns behind its
    /// label, which is the lower end of both its links.
    fn crossed(&self, from: Point, to: Point, lower: usize) -> Vec<[Point; 4]> {
        let straight = |from: Point, to: Point| [from, from, to, to];
        if from.y != to.y {
            return vec![straight(from, to)];
        }
        if from.x == to.x {
            return Vec::new();
        }
        let y = self.area(lower).center().y;
        let (left, right) = (Point { y, ..from }, Point { y, ..to });
        vec![straight(from, left), straight(left, right), straight(right, to)]
    }

    /// An arrow from a state to itself, at the right side of its box.
    fn looped(&self, arrow: &Arrow) -> DrawnArrow {
        let area = self.area(arrow.from);
        let (right, middle) = (area.left + area.width, area.center().y);
        let above = |x: i32| Point { x, y: middle - LOOP_HALF };
        let below = |x: i32| Point { x, y: middle + LOOP_HALF };
        let far = right + LOOP + LOOP_PULL;
        let (width, height) = label_size(&arrow.steps);
        DrawnArrow {
            ends: self.names(arrow),
            begin: above(right),
            curves: vec![[above(far), below(far), below(right + HEAD)]],
            tip: below(right),
            heading: Heading::Left,
            label: Area { left: right + LOOP, top: middle - height / 2, width, height },
            steps: arrow.steps.clone(),
        }
    }
}
