//! A chart as SVG.
//!
//! Written by hand rather than by a plotting library: coordinates have a tenth of a pixel, dashes are dashes, and the same stroke is
//! said once for all the lines of a series.

use crate::{
    Chart, Series,
    layout::{Anchor, KEY_WIDTH, Layout, Text},
    palette::{dash_of, shade_of},
    text,
    trace::{Frame, Point, Trace, areas, trace},
    view::View,
};

const GRID: &str = "#e4e4e4";
const FAINT_GRID: &str = "#f2f2f2";
const AXIS: &str = "#8a8a8a";
/// How far lines may reach over the frame: the width of a stroke that runs along its edge.
const OVERHANG: f64 = 1.0;
/// How many points the lines of a chart have at most, if columns of two pixels do not make them more.
const MOST_POINTS: f64 = 160_000.0;

/// How lines are stroked.
struct Stroke {
    width: f64,
    opacity: f64,
}

/// The chart as the text of an SVG file.
pub(crate) fn draw(chart: &Chart, view: &View, layout: &Layout) -> String {
    let (width, height) = (layout.size.width, layout.size.height);
    let mut svg = Document::default();
    let label = chart.title.as_deref().map_or_else(|| text::visible(&chart.y.label), text::visible);
    svg.open(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("width", &width.to_string()),
            ("height", &height.to_string()),
            ("viewBox", &format!("0 0 {width} {height}")),
            ("role", "img"),
            ("aria-label", &label),
            ("font-family", &format!("'{}', Verdana, 'Helvetica Neue', Arial, sans-serif", text::FAMILY)),
        ],
    );
    svg.empty("rect", &[("width", "100%"), ("height", "100%"), ("fill", "#ffffff")]);
    grid(&mut svg, view, layout);
    curves(&mut svg, chart, view, layout.frame);
    legend(&mut svg, chart, layout);
    svg.open("g", &[("class", "text")]);
    for text in &layout.texts {
        svg.text(text);
    }
    svg.close("g");
    svg.close("svg");
    svg.0
}

fn grid(svg: &mut Document, view: &View, layout: &Layout) {
    let frame = layout.frame;
    let at_x = |value: f64| frame.at_x(view.x.fraction(value).unwrap_or(0.0));
    let at_y = |value: f64| frame.at_y(view.y.fraction(value).unwrap_or(0.0));
    let upright = |x: f64| [Point { x: crisp(x), y: frame.top }, Point { x: crisp(x), y: frame.bottom() }];
    let level = |y: f64| [Point { x: frame.left, y: crisp(y) }, Point { x: frame.right(), y: crisp(y) }];
    let lines = |points: Vec<[Point; 2]>| points.iter().map(|line| path(line)).collect::<String>();

    svg.open("g", &[("class", "grid"), ("fill", "none")]);
    let minor =
        layout.x_ticks.minor.iter().map(|value| upright(at_x(*value))).chain(layout.y_ticks.minor.iter().map(|value| level(at_y(*value))));
    svg.path(&lines(minor.collect()), &[("stroke", FAINT_GRID)]);
    let major = (layout.x_ticks.major.iter().map(|tick| upright(at_x(tick.value))))
        .chain(layout.y_ticks.major.iter().map(|tick| level(at_y(tick.value))));
    svg.path(&lines(major.collect()), &[("stroke", GRID)]);
    svg.close("g");
    let marks = layout.x_ticks.major.iter().map(|tick| {
        let x = crisp(at_x(tick.value));
        [Point { x, y: frame.bottom() }, Point { x, y: frame.bottom() + 4.0 }]
    });
    let axes = lines(std::iter::once(level(frame.bottom())).chain(marks).collect());
    svg.path(&axes, &[("class", "axis"), ("fill", "none"), ("stroke", AXIS)]);
}

fn curves(svg: &mut Document, chart: &Chart, view: &View, frame: Frame) {
    let bounds = frame.grown(OVERHANG);
    let count = |lines: fn(&Series) -> usize| chart.series.iter().map(lines).sum::<usize>();
    let (lines, raw) = (count(|series| series.lines.len()), count(|series| series.raw.len()));
    let column = (number(lines + raw) * frame.width * 4.0 / MOST_POINTS).clamp(0.5, 2.0);
    let places = || chart.series.iter().enumerate();

    let bands = places().filter_map(|(place, series)| series.band.as_ref().map(|band| (shade_of(series, place), band)));
    let opacity = if bands.clone().count() > 6 { "0.12" } else { "0.18" };
    svg.open("g", &[("class", "bands"), ("fill-opacity", opacity)]);
    for (shade, band) in bands {
        let corners: String = areas(band, view, frame, bounds, 1.0).iter().map(|area| path(area) + "z").collect();
        svg.path(&corners, &[("fill", shade.hex)]);
    }
    svg.close("g");

    for (class, lines_of, stroke) in [
        ("raw", (|series| &series.raw) as fn(&Series) -> &Vec<crate::Line>, Stroke { width: 1.0, ..Stroke::of(raw).fainter(0.3) }),
        ("lines", |series| &series.lines, Stroke::of(lines)),
    ] {
        svg.open("g", &[("class", class), ("fill", "none"), ("stroke-linejoin", "round")]);
        for (place, series) in places().filter(|(_, series)| !lines_of(series).is_empty()) {
            let shade = shade_of(series, place);
            let dashes = dash_array(series, place, stroke.width);
            let (width, opacity) = (decimal(stroke.width), decimal(stroke.opacity));
            let mut attributes = vec![("stroke", shade.hex), ("stroke-width", &width), ("stroke-opacity", &opacity)];
            if class == "lines" && !dashes.is_empty() {
                attributes.push(("stroke-dasharray", &dashes));
            } else {
                attributes.push(("stroke-linecap", "round"));
            }
            svg.open("g", &attributes);
            for line in lines_of(series) {
                let Trace { pieces, dots, infinite } = trace(line, view, frame, bounds, column);
                svg.path(&pieces.iter().map(|piece| path(piece)).collect::<String>(), &[]);
                let marks = infinite.iter().map(|point| triangle(*point, frame));
                svg.path(
                    &dots.iter().map(|dot| disc(*dot, stroke.width)).chain(marks).collect::<String>(),
                    &[("fill", shade.hex), ("fill-opacity", &opacity), ("stroke", "none")],
                );
            }
            svg.close("g");
        }
        svg.close("g");
    }
}

fn legend(svg: &mut Document, chart: &Chart, layout: &Layout) {
    svg.open("g", &[("class", "legend"), ("fill", "none")]);
    for key in &layout.legend {
        let series = &chart.series[key.series];
        let shade = shade_of(series, key.series);
        if series.band.is_some() {
            svg.empty(
                "rect",
                &[
                    ("x", &decimal(key.x)),
                    ("y", &decimal(key.y - 5.0)),
                    ("width", &decimal(KEY_WIDTH)),
                    ("height", "10"),
                    ("fill", shade.hex),
                    ("fill-opacity", "0.18"),
                ],
            );
        }
        let sample = path(&[Point { x: key.x, y: key.y }, Point { x: key.x + KEY_WIDTH, y: key.y }]);
        let dashes = dash_array(series, key.series, 2.0);
        let mut attributes = vec![("stroke", shade.hex), ("stroke-width", "2")];
        if !dashes.is_empty() {
            attributes.push(("stroke-dasharray", &dashes));
        }
        svg.path(&sample, &attributes);
    }
    svg.close("g");
}

impl Stroke {
    /// The more lines, the thinner and the fainter each.
    fn of(lines: usize) -> Self {
        match lines {
            0..=10 => Self { width: 1.8, opacity: 1.0 },
            11..=30 => Self { width: 1.3, opacity: 0.8 },
            _ => Self { width: 1.0, opacity: (18.0 / number(lines)).clamp(0.12, 0.55) },
        }
    }

    fn fainter(self, by: f64) -> Self {
        Self { opacity: (self.opacity * by).max(0.06), ..self }
    }
}

fn dash_array(series: &Series, place: usize, width: f64) -> String {
    let lengths: Vec<String> = dash_of(series, place).pattern().iter().map(|length| decimal(length * width)).collect();
    lengths.join(" ")
}

/// Elements, one to a line.
#[derive(Default)]
struct Document(String);

impl Document {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push_str(">\n");
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push_str(">\n");
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push_str("/>\n");
    }

    /// A path, unless it has no points.
    fn path(&mut self, data: &str, attributes: &[(&str, &str)]) {
        if !data.is_empty() {
            self.empty("path", &[attributes, &[("d", data)]].concat());
        }
    }

    fn text(&mut self, text: &Text) {
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
fn path(points: &[Point]) -> String {
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

/// A filled circle around a point that stands alone.
fn disc(point: Point, stroke: f64) -> String {
    let radius = stroke + 0.9;
    let (left, radius, across) = (decimal(point.x - radius), decimal(radius), decimal(2.0 * radius));
    format!("M{left} {}a{radius} {radius} 0 1 0 {across} 0a{radius} {radius} 0 1 0 -{across} 0z", decimal(point.y))
}

/// A small triangle at the edge that a line leaves for infinity.
fn triangle(point: Point, frame: Frame) -> String {
    let inwards = if point.y > frame.top { -5.0 } else { 5.0 };
    let tip = point.y;
    let corners =
        [Point { x: point.x, y: tip }, Point { x: point.x - 3.5, y: tip + inwards }, Point { x: point.x + 3.5, y: tip + inwards }];
    path(&corners) + "z"
}

/// The middle of the pixel, where a line one pixel wide is sharp.
fn crisp(value: f64) -> f64 {
    value.floor() + 0.5
}

fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[expect(clippy::cast_possible_truncation, reason = "places in a picture; `as` stops at the ends")]
fn tenths(value: f64) -> i64 {
    (value * 10.0).round() as i64
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
