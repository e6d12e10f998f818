//! Where things stand relative to each other: ranks from top to bottom, and an order in each rank with few crossings.
//!
//! States have the even ranks, twice their depth from the start; labels have odd ranks and are placed like states, so that no
//! label can lie on another or on a box. An arrow that passes a rank keeps a place free in it. After Sugiyama, Tagawa and
//! Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981). Coordinates are found elsewhere.

use super::graph::Graph;

/// Rounds of reordering. The best order of all rounds is kept; machines of a dozen states settle within ten.
const ROUNDS: usize = 32;

/// What keeps a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A node of the graph, by its number.
    Node(usize),
    /// The label of an arrow, by its number; the arrow passes through it.
    Label(usize),
    /// An arrow that passes this rank, by its number.
    Pass(usize),
}

/// Something that has its own width in its rank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// What it is for.
    pub(super) role: Role,
    /// Its rank, counted from the top.
    pub(super) rank: usize,
}

/// A piece of an arrow between places of adjacent ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The place in the upper rank.
    pub(super) upper: usize,
    /// The place in the lower rank.
    pub(super) lower: usize,
}

/// Everything that is drawn, in ranks.
#[derive(Debug)]
pub(super) struct Ranks {
    /// All places; those of the nodes come first, in the graph's order.
    pub(super) places: Vec<Place>,
    /// All pieces of arrows.
    pub(super) links: Vec<Link>,
    /// For each arrow of the graph its links from its beginning to its end; none for an arrow from a state to itself.
    pub(super) routes: Vec<Vec<usize>>,
    /// For each rank its places from left to right.
    pub(super) order: Vec<Vec<usize>>,
}

impl Ranks {
    /// Ranks a graph and orders its ranks.
    pub(super) fn of(graph: &Graph) -> Ranks {
        let depths = graph.depths();
        let place = |(node, depth): (usize, &usize)| Place { role: Role::Node(node), rank: 2 * depth };
        let places = depths.iter().enumerate().map(place).collect();
        let mut ranks = Ranks { places, links: Vec::new(), routes: Vec::new(), order: Vec::new() };
        for (number, arrow) in graph.arrows.iter().enumerate() {
            let route = ranks.route(number, arrow.from, arrow.to);
            ranks.routes.push(route);
        }
        let last = ranks.places.iter().map(|place| place.rank).max().unwrap_or(0);
        ranks.order = vec![Vec::new(); last + 1];
        for (number, place) in ranks.places.iter().enumerate() {
            ranks.order[place.rank].push(number);
        }
        ranks.untangle();
        ranks
    }

    /// The links of an arrow. One within a rank hangs below it; one to itself is a loop beside its box and needs none.
    fn route(&mut self, arrow: usize, from: usize, to: usize) -> Vec<usize> {
        let (start, end) = (self.places[from].rank, self.places[to].rank);
        if from == to {
            return Vec::new();
        }
        if start == end {
            let label = self.add(Role::Label(arrow), start + 1);
            return vec![self.link(from, label), self.link(to, label)];
        }
        let (top, bottom) = if start < end { (from, to) } else { (to, from) };
        let (first, last) = (start.min(end), start.max(end));
        // The middle, or just below it: labels have odd ranks.
        let label_rank = ((first + last) / 2) | 1;
        let mut links = Vec::new();
        let mut above = top;
        for rank in first + 1..last {
            let role = if rank == label_rank { Role::Label(arrow) } else { Role::Pass(arrow) };
            let place = self.add(role, rank);
            links.push(self.link(above, place));
            above = place;
        }
        links.push(self.link(above, bottom));
        if start > end {
            links.reverse();
        }
        links
    }

    fn add(&mut self, role: Role, rank: usize) -> usize {
        self.places.push(Place { role, rank });
        self.places.len() - 1
    }

    fn link(&mut self, upper: usize, lower: usize) -> usize {
        self.links.push(Link { upper, lower });
        self.links.len() - 1
    }

    /// Each place's position in its rank.
    pub(super) fn positions(&self) -> Vec<usize> {
        let mut positions = vec![0; self.places.len()];
        for rank in &self.order {
            for (position, place) in rank.iter().enumerate() {
                positions[*place] = position;
            }
        }
        positions
    }

    /// How many pairs of links cross.
    pub(super) fn crossings(&self) -> usize {
        let positions = self.positions();
        let mut crossings = 0;
        for (number, one) in self.links.iter().enumerate() {
            for other in &self.links[number + 1..] {
                let same = self.places[one.upper].rank == self.places[other.upper].rank;
                let above = positions[one.upper].cmp(&positions[other.upper]);
                let below = positions[one.lower].cmp(&positions[other.lower]);
                crossings += usize::from(same && above.is_ne() && above == below.reverse());
            }
        }
        crossings
    }

    /// Sorts each rank by where its neighbours are, downwards and upwards in turn, and keeps the order with the fewest
    /// crossings; of equals the first, so that the drawing is the same on every run.
    fn untangle(&mut self) {
        let mut best = (self.crossings(), self.order.clone());
        for round in 0..ROUNDS {
            self.sort_by_neighbours(round % 2 == 0);
            self.swap_neighbours();
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.order.clone());
            }
        }
        self.order = best.1;
    }

    /// One pass through all ranks: `downwards` sorts each by the rank above it, otherwise by the one below.
    fn sort_by_neighbours(&mut self, downwards: bool) {
        let ranks: Vec<usize> =
            if downwards { (0..self.order.len()).collect() } else { (0..self.order.len()).rev().collect() };
        for rank in ranks {
            let positions = self.positions();
            let mut sorted = std::mem::take(&mut self.order[rank]);
            sorted.sort_by_cached_key(|place| self.pull(*place, downwards, &positions));
            self.order[rank] = sorted;
        }
    }

    /// The mean position of a place's neighbours in thousandths; its own where it has none.
    fn pull(&self, place: usize, downwards: bool, positions: &[usize]) -> usize {
        let neighbour = |link: &Link| match downwards {
            true if link.lower == place => Some(positions[link.upper]),
            false if link.upper == place => Some(positions[link.lower]),
            _ => None,
        };
        let neighbours: Vec<usize> = self.links.iter().filter_map(neighbour).collect();
        match neighbours.len() {
            0 => positions[place] * 1000,
            count => neighbours.iter().sum::<usize>() * 1000 / count,
        }
    }

    /// Swaps places that stand side by side as long as that saves a crossing.
    fn swap_neighbours(&mut self) {
        let mut crossings = self.crossings();
        let mut improved = true;
        while improved {
            improved = false;
            for rank in 0..self.order.len() {
                for left in 1..self.order[rank].len() {
                    self.order[rank].swap(left - 1, left);
                    let after = self.crossings();
                    if after < crossings {
                        crossings = after;
                        improved = true;
                    } else {
                        self.order[rank].swap(left - 1, left);
                    }
                }
            }
        }
    }
}
