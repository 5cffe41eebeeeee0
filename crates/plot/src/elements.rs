//! The elements that SVG is written in: attributes, escaped text, paths.

use crate::{
    layout::{Anchor, Text},
    trace::Point,
};

/// Elements, one to a line.
#[derive(Default)]
pub(crate) struct Document(String);

impl Document {
    pub(crate) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push_str(">\n");
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push_str(">\n");
    }

    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push_str("/>\n");
    }

    /// A path, unless it has no points.
    pub(crate) fn path(&mut self, data: &str, attributes: &[(&str, &str)]) {
        if !data.is_empty() {
            self.empty("path", &[attributes, &[("d", data)]].concat());
        }
    }

    pub(crate) fn text(&mut self, text: &Text) {
        let (x, y) = (decimal(text.x), decimal(text.y));
        let turn = format!("rotate(-90 {x} {y})");
        let size = decimal(text.size);
        let mut attributes = vec![("x", x.as_str()), ("y", &y), ("font-size", &size), ("fill", text.colour)];
        match text.anchor {
            Anchor::Start => {}
            Anchor::Middle => attributes.push(("text-anchor", "middle")),
            Anchor::End => attributes.push(("text-anchor", "end")),
        }
        if text.is_upright {
            attributes.push(("transform", &turn));
        }
        self.start("text", &attributes);
        self.0.push('>');
        self.escaped(&text.content);
        self.close("text");
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.escaped(value);
            self.0.push('"');
        }
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                other => self.0.push(other),
            }
        }
    }
}

/// Lines from point to point. All but the first are told by their distance, in whole tenths of a pixel, so that nothing adds up.
pub(crate) fn path(points: &[Point]) -> String {
    let Some((first, others)) = points.split_first() else { return String::new() };
    let mut last = (tenths(first.x), tenths(first.y));
    let mut data = format!("M{}{}", coordinate(last.0, false), coordinate(last.1, true));
    let mut distances = String::new();
    for point in others {
        let next = (tenths(point.x), tenths(point.y));
        if next != last {
            let is_further = !distances.is_empty();
            distances += &coordinate(next.0 - last.0, is_further);
            distances += &coordinate(next.1 - last.1, true);
        }
        last = next;
    }
    // A line that is shorter than a tenth of a pixel still has its round ends.
    data += "l";
    data += if distances.is_empty() { "0 0" } else { &distances };
    data
}

/// A number of tenths, with a space before it where one is needed.
fn coordinate(tenths: i64, is_further: bool) -> String {
    let before = if tenths < 0 {
        "-"
    } else if is_further {
        " "
    } else {
        ""
    };
    let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
    if tenth == 0 { format!("{before}{whole}") } else { format!("{before}{whole}.{tenth}") }
}

/// A number with at most two decimals.
pub(crate) fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[expect(clippy::cast_possible_truncation, reason = "places in a picture; `as` stops at the ends")]
fn tenths(value: f64) -> i64 {
    (value * 10.0).round() as i64
}
