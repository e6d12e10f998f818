//! Pictures as SVG: one self-contained file that follows the reader's light or dark mode, without scripts.
//!
//! It decides colours and type, never where something is.

use std::fmt::Write as _;

use super::measures::{MARGIN, STEP_LINE};
use super::picture::{DrawnArrow, Heading, Picture, Point, StateBox};

/// Colours are plain rules, not custom properties, which several SVG readers do not know.
const STYLE: &str = "\
.page{fill:#ffffff}
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;\
text-anchor:middle;dominant-baseline:central}
.caption{font-size:13px;font-weight:600;text-anchor:start;fill:#57606a}
.state{fill:#eaf2ff;stroke:#2f6bd8;stroke-width:1.5}
.end{fill:#f1f3f5;stroke:#5f6b7a;stroke-width:1.5}
.rim{fill:none;stroke:#5f6b7a}
.name{font-size:13px;fill:#1b2430}
.start{fill:#1b2430}
.line{fill:none;stroke:#7a8594;stroke-width:1.5;stroke-linecap:round}
.head{fill:#7a8594}
.label{fill:#ffffff}
.step{font-size:12px;fill:#3c4754}
.arrow:hover .line{stroke:#c2410c;stroke-width:2}
.arrow:hover .head,.arrow:hover .step{fill:#c2410c}
@media (prefers-color-scheme:dark){
.page,.label{fill:#0d1117}
.caption{fill:#9aa4b0}
.state{fill:#14264a;stroke:#6ea1ff}
.end{fill:#1d232c;stroke:#8d97a5}
.rim{stroke:#8d97a5}
.name,.start{fill:#e8edf3}
.line{stroke:#7d8896}
.head{fill:#7d8896}
.step{fill:#c3ccd6}
.arrow:hover .line{stroke:#ffa657}
.arrow:hover .head,.arrow:hover .step{fill:#ffa657}
}
";

/// One file with all pictures, one below the other. Writing into a string cannot fail, so results are dropped.
pub(super) fn document(pictures: &[Picture]) -> String {
    let width = pictures.iter().map(|picture| picture.width).max().unwrap_or(0);
    let height: i32 = pictures.iter().map(|picture| picture.height).sum();
    let names: Vec<&str> = pictures.iter().map(|picture| picture.name).collect();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">"
    );
    let _ = writeln!(text, "<title>States: {}</title>", escaped(&names.join(", ")));
    let _ = writeln!(text, "<style>\n{STYLE}</style>");
    let _ = writeln!(text, "<rect class=\"page\" width=\"{width}\" height=\"{height}\"/>");
    let mut top = 0;
    for picture in pictures {
        let _ = writeln!(text, "<g transform=\"translate(0 {top})\">");
        machine(&mut text, picture);
        text.push_str("</g>\n");
        top += picture.height;
    }
    text.push_str("</svg>\n");
    text
}

fn machine(text: &mut String, picture: &Picture) {
    let _ = writeln!(text, "<text class=\"caption\" x=\"{MARGIN}\" y=\"26\">{}</text>", escaped(picture.name));
    for arrow in &picture.arrows {
        draw_arrow(text, arrow);
    }
    let center = picture.start.center();
    let _ = writeln!(
        text,
        "<circle class=\"start\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
        center.x,
        center.y,
        picture.start.width / 2
    );
    for state in &picture.boxes {
        draw_state(text, state);
    }
}

/// A line, its head and its label on top of it, with a title that says the arrow in words.
fn draw_arrow(text: &mut String, arrow: &DrawnArrow) {
    let from = if arrow.ends.0.is_empty() { "(start)" } else { &arrow.ends.0 };
    let words = format!("{from} → {}: {}", arrow.ends.1, arrow.steps.join(", "));
    let _ = writeln!(text, "<g class=\"arrow\"><title>{}</title>", escaped(&words));
    let _ = writeln!(text, "<path class=\"line\" d=\"{}\"/>", path(arrow));
    let Point { x, y } = arrow.tip;
    let head = match arrow.heading {
        Heading::Down => "l-4.5-9h9z",
        Heading::Up => "l-4.5 9h9z",
        Heading::Left => "l9-4.5v9z",
    };
    let _ = writeln!(text, "<path class=\"head\" d=\"M{x} {y}{head}\"/>");
    let label = arrow.label;
    let _ = writeln!(
        text,
        "<rect class=\"label\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
        label.left, label.top, label.width, label.height
    );
    let x = label.center().x;
    for (step, line) in arrow.steps.iter().zip(0..) {
        let y = label.top + 2 + line * STEP_LINE + STEP_LINE / 2;
        let _ = writeln!(text, "<text class=\"step\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(step));
    }
    text.push_str("</g>\n");
}

fn path(arrow: &DrawnArrow) -> String {
    let mut text = format!("M{} {}", arrow.begin.x, arrow.begin.y);
    for [first, second, end] in &arrow.curves {
        let _ = write!(text, "C{} {} {} {} {} {}", first.x, first.y, second.x, second.y, end.x, end.y);
    }
    text
}

/// A rounded box; one that nothing leads out of has a double rim.
fn draw_state(text: &mut String, state: &StateBox) {
    let area = state.area;
    let class = if state.is_end { "end" } else { "state" };
    let _ = writeln!(
        text,
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"9\"/>",
        area.left, area.top, area.width, area.height
    );
    if state.is_end {
        let _ = writeln!(
            text,
            "<rect class=\"rim\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
            area.left + 3,
            area.top + 3,
            area.width - 6,
            area.height - 6
        );
    }
    let Point { x, y } = area.center();
    let _ = writeln!(text, "<text class=\"name\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(&state.name));
}

/// Text for XML. Names are words today; a drawing must not break on the day one is not.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
