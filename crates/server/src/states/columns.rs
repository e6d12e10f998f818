//! Horizontal positions: each place as near to its neighbours as the places beside it allow.
//!
//! Whole pixels only, so that every machine computes the same drawing. The order in the ranks is given and kept.

use super::ranks::{Ranks, Role};

/// Free space between places of a rank, px.
const GAP: i32 = 26;

/// Parts of a pixel while the ranks pull at each other: whole pixels would drift by rounding.
const PARTS: i32 = 64;

/// Passes up and down through the ranks.
const PASSES: usize = 120;

/// The last passes look both ways, or whichever way came last would win everywhere.
const LAST_PASSES: usize = 80;

/// How far a place reaches from its axis, px. A loop makes a state reach further to the right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// To the left.
    pub(super) left: i32,
    /// To the right.
    pub(super) right: i32,
}

/// The axis of every place, px from the left edge of the leftmost place.
pub(super) fn columns(ranks: &Ranks, reaches: &[Reach], ports: &[(i32, i32)]) -> Vec<i32> {
    let finer = |px: i32| px * PARTS;
    let fine_reaches: Vec<Reach> =
        reaches.iter().map(|reach| Reach { left: finer(reach.left), right: finer(reach.right) }).collect();
    let fine_ports: Vec<(i32, i32)> = ports.iter().map(|(upper, lower)| (finer(*upper), finer(*lower))).collect();
    let mut columns = vec![0; ranks.places.len()];
    for pass in 0..PASSES {
        let downwards = pass % 2 == 0;
        let (above, below) = if pass + LAST_PASSES >= PASSES { (true, true) } else { (downwards, !downwards) };
        for step in 0..ranks.order.len() {
            let rank = &ranks.order[if downwards { step } else { ranks.order.len() - 1 - step }];
            let wishes: Vec<(i32, i32)> =
                rank.iter().map(|place| wish(ranks, &columns, &fine_ports, *place, above, below)).collect();
            settle(rank, &fine_reaches, &wishes, &mut columns);
        }
    }
    straighten(ranks, &fine_reaches, &mut columns);
    let leftmost = (0..columns.len()).map(|place| columns[place] - fine_reaches[place].left).min().unwrap_or(0);
    // All are rounded alike, and distances are whole pixels: nothing comes nearer than it may.
    columns.iter().map(|column| (column - leftmost).div_euclid(PARTS)).collect()
}

/// Where a place would like to be, so that its links run straight, and how much that weighs.
fn wish(ranks: &Ranks, columns: &[i32], ports: &[(i32, i32)], place: usize, above: bool, below: bool) -> (i32, i32) {
    let (mut sum, mut weight) = (0, 0);
    for (link, (upper_port, lower_port)) in ranks.links.iter().zip(ports) {
        let wanted = if above && link.lower == place {
            columns[link.upper] + upper_port - lower_port
        } else if below && link.upper == place {
            columns[link.lower] + lower_port - upper_port
        } else {
            continue;
        };
        let strength = strength(ranks, link.upper) * strength(ranks, link.lower);
        sum += wanted * strength;
        weight += strength;
    }
    if weight == 0 { (columns[place], 1) } else { (sum.div_euclid(weight), weight) }
}

/// Long arrows are drawn straight before short ones: a bend in the middle of nowhere is what the eye loses.
fn strength(ranks: &Ranks, place: usize) -> i32 {
    match ranks.places[place].role {
        Role::Node(_) => 1,
        Role::Label(_) => 2,
        Role::Pass(_) => 4,
    }
}

/// Places that stand as tight as they may, and move as one.
struct Block {
    /// How many places.
    count: usize,
    /// Sum over its places of weight times the wished axis of its first place.
    sum: i64,
    /// Sum of the weights.
    weight: i64,
    /// From the first place's axis to that of the last, in parts of a pixel.
    length: i32,
}

impl Block {
    fn axis(&self) -> i32 {
        i32::try_from(self.sum.div_euclid(self.weight)).expect("a weighted mean of columns is within their range")
    }
}

/// The axes of one rank that are nearest to the wishes (weighted least squares) and keep order and distance: isotonic
/// regression by pooling neighbours that would collide (Ayer et al., 1955).
fn settle(rank: &[usize], reaches: &[Reach], wishes: &[(i32, i32)], columns: &mut [i32]) {
    let distance = |index: usize| reaches[rank[index - 1]].right + GAP * PARTS + reaches[rank[index]].left;
    let mut blocks: Vec<Block> = Vec::new();
    for (index, (wanted, weight)) in wishes.iter().enumerate() {
        let weight = i64::from(*weight);
        let mut block = Block { count: 1, sum: i64::from(*wanted) * weight, weight, length: 0 };
        while let Some(left) = blocks.pop() {
            let first = index + 1 - block.count;
            let shift = left.length + distance(first);
            if left.axis() + shift <= block.axis() {
                blocks.push(left);
                break;
            }
            block = Block {
                count: left.count + block.count,
                sum: left.sum + block.sum - i64::from(shift) * block.weight,
                weight: left.weight + block.weight,
                length: shift + block.length,
            };
        }
        blocks.push(block);
    }
    let mut index = 0;
    for block in blocks {
        let mut axis = block.axis();
        for step in 0..block.count {
            if step > 0 {
                axis += distance(index);
            }
            columns[rank[index]] = axis;
            index += 1;
        }
    }
}

/// Puts the places of a long arrow exactly below each other, for as many ranks as the places beside them leave room.
fn straighten(ranks: &Ranks, reaches: &[Reach], columns: &mut [i32]) {
    let positions = ranks.positions();
    for route in &ranks.routes {
        let ends: Vec<usize> =
            route.iter().flat_map(|link| [ranks.links[*link].upper, ranks.links[*link].lower]).collect();
        let mut run: Vec<usize> = Vec::new();
        let mut room = (i32::MIN, i32::MAX);
        for place in ends.into_iter().filter(|place| !matches!(ranks.places[*place].role, Role::Node(_))) {
            if run.last() == Some(&place) {
                continue;
            }
            let (least, most) = room_of(ranks, reaches, columns, &positions, place);
            let shared = (room.0.max(least), room.1.min(most));
            if shared.0 > shared.1 {
                align(&run, room, columns);
                run.clear();
                room = (least, most);
            } else {
                room = shared;
            }
            run.push(place);
        }
        align(&run, room, columns);
    }
}

/// Where a place could be between its present neighbours.
fn room_of(ranks: &Ranks, reaches: &[Reach], columns: &[i32], positions: &[usize], place: usize) -> (i32, i32) {
    let rank = &ranks.order[ranks.places[place].rank];
    let position = positions[place];
    let left = position.checked_sub(1).map(|left| rank[left]);
    let right = rank.get(position + 1);
    let least = left.map_or(i32::MIN, |left| columns[left] + reaches[left].right + GAP * PARTS + reaches[place].left);
    let most =
        right.map_or(i32::MAX, |right| columns[*right] - reaches[*right].left - GAP * PARTS - reaches[place].right);
    (least, most)
}

/// Moves the places of a run to their mean, or as near to it as their room allows.
fn align(run: &[usize], room: (i32, i32), columns: &mut [i32]) {
    let Ok(count) = i32::try_from(run.len()) else { return };
    if count < 2 {
        return;
    }
    let mean = run.iter().map(|place| columns[*place]).sum::<i32>() / count;
    for place in run {
        columns[*place] = mean.clamp(room.0, room.1);
    }
}
