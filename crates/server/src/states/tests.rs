//! Layouts of made-up machines: nothing lies on anything else, and nothing is left out.
//!
//! What the command prints and writes is tested from outside, in `tests/states.rs`.

use ordain_domain::machine::{Drawing, drawings};
use proptest::prelude::*;

use super::graph::Graph;
use super::layout::lay_out;
use super::picture::{Area, DrawnArrow, Picture, Point};
use super::{mermaid, svg};

fn made_up(edges: &[(&str, &str, &str)]) -> Drawing {
    let word = |text: &str| text.to_owned();
    Drawing {
        name: "made_up",
        edges: edges.iter().map(|(from, step, to)| (word(from), word(step), word(to))).collect(),
    }
}

/// Twelve states and 25 edges: steps ahead, back over several ranks, within a rank, in place, and twins.
fn after_sale() -> Drawing {
    made_up(&[
        ("", "request", "requested"),
        ("requested", "approve", "approved"),
        ("requested", "reject", "rejected"),
        ("requested", "withdraw", "closed"),
        ("requested", "review_expired", "approved"),
        ("requested", "remind", "requested"),
        ("rejected", "appeal", "requested"),
        ("approved", "ship_back", "shipped_back"),
        ("approved", "withdraw", "closed"),
        ("approved", "ship_back_expired", "closed"),
        ("approved", "refund_without_goods", "refunding"),
        ("shipped_back", "receive", "received"),
        ("shipped_back", "lose", "disputed"),
        ("received", "restock", "inspected"),
        ("received", "refuse", "disputed"),
        ("disputed", "settle", "inspected"),
        ("disputed", "reopen", "requested"),
        ("inspected", "refund", "refunding"),
        ("inspected", "replace", "replacing"),
        ("replacing", "out_of_stock", "refunding"),
        ("replacing", "deliver", "completed"),
        ("refunding", "fail", "manual_repair"),
        ("manual_repair", "retry", "refunding"),
        ("refunding", "succeed", "completed"),
        ("rejected", "accept", "closed"),
    ])
}

fn overlap(one: &Area, other: &Area) -> bool {
    one.left < other.left + other.width
        && other.left < one.left + one.width
        && one.top < other.top + other.height
        && other.top < one.top + one.height
}

fn is_inside(area: &Area, point: Point) -> bool {
    let Point { x, y } = point;
    x > area.left && x < area.left + area.width && y > area.top && y < area.top + area.height
}

/// Points along a line: eight to each curve.
fn points(arrow: &DrawnArrow) -> Vec<Point> {
    let mut points = vec![arrow.begin];
    let mut from = arrow.begin;
    for [first, second, to] in &arrow.curves {
        for step in 1..=8 {
            let (t, u) = (step, 8 - step);
            let mix = |a: i32, b: i32, c: i32, d: i32| {
                (a * u * u * u + 3 * b * u * u * t + 3 * c * u * t * t + d * t * t * t) / 512
            };
            points.push(Point { x: mix(from.x, first.x, second.x, to.x), y: mix(from.y, first.y, second.y, to.y) });
        }
        from = *to;
    }
    points
}

/// Asserts what a reader needs of a picture, and returns it.
fn check(drawing: &Drawing) -> Picture {
    let picture = lay_out(&Graph::of(drawing));
    let states = picture.boxes.iter().map(|state| (format!("state {}", state.name), state.area));
    let labels = picture.arrows.iter().map(|arrow| (format!("label {:?}", arrow.steps), arrow.label));
    let mut areas: Vec<(String, Area)> = states.chain(labels).collect();
    areas.push(("start".to_owned(), picture.start));
    for (index, (name, area)) in areas.iter().enumerate() {
        let is_on_page = area.left >= 0
            && area.top >= 0
            && area.left + area.width <= picture.width
            && area.top + area.height <= picture.height;
        assert!(is_on_page, "{name} leaves the page: {area:?}");
        for (other_name, other) in &areas[index + 1..] {
            assert!(!overlap(area, other), "{name} lies on {other_name}: {area:?} {other:?}");
        }
    }
    for arrow in &picture.arrows {
        check_line(&picture, arrow);
    }
    for (from, step, to) in &drawing.edges {
        let drawn = |arrow: &&DrawnArrow| arrow.ends == (from.clone(), to.clone()) && arrow.steps.contains(step);
        assert_eq!(picture.arrows.iter().filter(drawn).count(), 1, "{from} {step} {to}");
    }
    picture
}

/// A line leads from the edge of one box to the edge of another, through its own label, and touches nothing else.
fn check_line(picture: &Picture, arrow: &DrawnArrow) {
    let area = |name: &str| match picture.boxes.iter().find(|state| state.name == name) {
        Some(state) => state.area,
        None => picture.start,
    };
    let touches = |area: Area, point: Point| {
        let wider = Area { left: area.left - 1, top: area.top - 1, width: area.width + 2, height: area.height + 2 };
        is_inside(&wider, point) && !is_inside(&area, point)
    };
    assert!(touches(area(&arrow.ends.0), arrow.begin), "{:?} begins elsewhere", arrow.ends);
    assert!(touches(area(&arrow.ends.1), arrow.tip), "{:?} ends elsewhere", arrow.ends);
    let points = points(arrow);
    assert!(points.iter().any(|point| is_inside(&arrow.label, *point)), "{:?} misses its label", arrow.ends);
    for point in points {
        for state in &picture.boxes {
            assert!(!is_inside(&state.area, point), "{:?} runs through {}", arrow.ends, state.name);
        }
        for other in picture.arrows.iter().filter(|other| other.ends != arrow.ends) {
            assert!(!is_inside(&other.label, point), "{:?} runs through the label of {:?}", arrow.ends, other.ends);
        }
    }
}

#[test]
fn a_machine_of_twelve_states_and_25_edges_is_laid_out() {
    let drawing = after_sale();
    assert_eq!(drawing.edges.len(), 25);
    let picture = check(&drawing);
    assert_eq!(picture.boxes.len(), 12);
    assert!(picture.width <= 1400 && picture.height <= 1600, "{} x {}", picture.width, picture.height);
    let text = svg::document(&[picture]);
    for (_, step, to) in &drawing.edges {
        assert!(text.contains(&format!(">{step}</text>")) && text.contains(&format!(">{to}</text>")), "{step} {to}");
    }
}

#[test]
fn the_machines_of_the_code_are_laid_out() {
    for drawing in drawings() {
        check(&drawing);
    }
}

#[test]
fn odd_tables_are_drawn_and_not_hidden() {
    let tables: [&[(&str, &str, &str)]; 4] = [
        // A state that nothing leads to.
        &[("", "make", "made"), ("lost", "find", "made"), ("made", "end", "ended")],
        // Two beginnings, and a cycle.
        &[("", "make", "a"), ("", "import", "b"), ("a", "swap", "b"), ("b", "swap", "a")],
        // An island that leads deep into the rest.
        &[("", "make", "a"), ("a", "go", "b"), ("b", "go", "c"), ("x", "jump", "c"), ("x", "turn", "x")],
        // One step.
        &[("", "make", "made")],
    ];
    for table in tables {
        check(&made_up(table));
    }
}

#[test]
fn names_that_xml_would_read_are_written_as_text() {
    let text = svg::document(&[lay_out(&Graph::of(&made_up(&[("", "a<b", "c&d")])))]);
    assert!(text.contains("a&lt;b") && text.contains("c&amp;d"), "{text}");
}

#[test]
fn states_of_several_machines_in_one_mermaid_document_keep_apart() {
    let table = made_up(&[("", "make", "made"), ("made", "end", "ended")]);
    let other = Drawing { name: "other", ..table.clone() };
    let text = mermaid::several(&[Graph::of(&table), Graph::of(&other)]);
    for line in ["state \"made\" as made_up_made", "made_up_made --> made_up_ended : end", "other_ended --> [*]"] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_machine_is_laid_out(pairs in proptest::collection::vec((0_u8..13, 1_u8..13), 1..26)) {
        let name = |state: u8| if state == 0 { String::new() } else { format!("state_{state}") };
        let edges = pairs.iter().zip(0..).map(|((from, to), step)| (name(*from), format!("step_{step}"), name(*to)));
        check(&Drawing { name: "any", edges: edges.collect() });
    }
}
