//! A machine in pixels: boxes, labels and curves, ready to be written down.
//!
//! Colours and the format of the file are not this room's, nor is how the places were found.

/// A point, px from the left and from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// From the left.
    pub(super) x: i32,
    /// From the top.
    pub(super) y: i32,
}

/// A rectangle, px.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    /// Its left edge.
    pub(super) left: i32,
    /// Its upper edge.
    pub(super) top: i32,
    /// Its width.
    pub(super) width: i32,
    /// Its height.
    pub(super) height: i32,
}

impl Area {
    /// The rectangle of a size around a point.
    pub(super) fn around(center: Point, width: i32, height: i32) -> Area {
        Area { left: center.x - width / 2, top: center.y - height / 2, width, height }
    }

    /// Its middle.
    pub(super) fn center(&self) -> Point {
        Point { x: self.left + self.width / 2, y: self.top + self.height / 2 }
    }
}

/// A state.
#[derive(Debug)]
pub(super) struct StateBox {
    /// Where it is.
    pub(super) area: Area,
    /// Its name.
    pub(super) name: String,
    /// Whether nothing leads out of it.
    pub(super) is_end: bool,
}

/// Where an arrow's head points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// To the bottom.
    Down,
    /// To the top.
    Up,
    /// To the left, into the right side of a box.
    Left,
}

/// An arrow with its label.
#[derive(Debug)]
pub(super) struct DrawnArrow {
    /// Names of the states before and after; empty for the start.
    pub(super) ends: (String, String),
    /// Where its line begins.
    pub(super) begin: Point,
    /// Its line: cubic curves, each with two control points and its end.
    pub(super) curves: Vec<[Point; 3]>,
    /// The tip of its head, where it touches the box.
    pub(super) tip: Point,
    /// Where the head points to.
    pub(super) heading: Heading,
    /// Where its label is.
    pub(super) label: Area,
    /// The lines of the label.
    pub(super) steps: Vec<String>,
}

/// A machine, laid out.
#[derive(Debug)]
pub(super) struct Picture {
    /// What the machine is of.
    pub(super) name: &'static str,
    /// Width of everything, px.
    pub(super) width: i32,
    /// Height of everything, px.
    pub(super) height: i32,
    /// The start.
    pub(super) start: Area,
    /// The states.
    pub(super) boxes: Vec<StateBox>,
    /// The arrows.
    pub(super) arrows: Vec<DrawnArrow>,
}
