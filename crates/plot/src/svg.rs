//! A chart as SVG.
//!
//! Written by hand rather than by a plotting library: coordinates have a tenth of a pixel, dashes are dashes, and the same stroke is
//! said once for all the lines of a series.

use crate::{
    Chart, Line, Series,
    elements::{Document, decimal, path},
    layout::{KEY_WIDTH, Layout},
    palette::{dash_of, shade_of},
    text,
    trace::{Frame, Point, Trace, areas, trace},
    view::View,
};

const GRID: &str = "#e4e4e4";
const FAINT_GRID: &str = "#f2f2f2";
const AXIS: &str = "#8a8a8a";
const BAND_OPACITY: &str = "0.18";
/// How far lines may reach over the frame: no more than sums are off by.
const OVERHANG: f64 = 0.01;
/// How many points the lines of a layer have at most, as long as columns of three pixels are wide enough for that.
const MOST_POINTS: f64 = 100_000.0;

/// What lies behind, and what lies before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Raw,
    Main,
}

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
    bands(&mut svg, chart, view, layout.frame);
    lines(&mut svg, chart, view, layout.frame, Layer::Raw);
    lines(&mut svg, chart, view, layout.frame, Layer::Main);
    legend(&mut svg, chart, layout);
    svg.open("g", &[("class", "text")]);
    for text in &layout.texts {
        svg.text(text);
    }
    svg.close("g");
    svg.close("svg");
    svg.into_text()
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

fn bands(svg: &mut Document, chart: &Chart, view: &View, frame: Frame) {
    let bands = || chart.series.iter().enumerate().filter_map(|(place, series)| Some((shade_of(series, place), series.band.as_ref()?)));
    let opacity = match bands().count() {
        0 => return,
        1..=6 => BAND_OPACITY,
        _ => "0.12",
    };
    svg.open("g", &[("class", "bands"), ("fill-opacity", opacity)]);
    for (shade, band) in bands() {
        let corners: String = areas(band, view, frame, frame.grown(OVERHANG), 1.0).iter().map(|area| path(area) + "z").collect();
        svg.path(&corners, &[("fill", shade.hex)]);
    }
    svg.close("g");
}

/// The lines of all series that lie in one layer.
fn lines(svg: &mut Document, chart: &Chart, view: &View, frame: Frame, layer: Layer) {
    let series_of_layer = || chart.series.iter().enumerate().filter(|(_, series)| !layer.lines_of(series).is_empty());
    let count: usize = series_of_layer().map(|(_, series)| layer.lines_of(series).len()).sum();
    if count == 0 {
        return;
    }
    let stroke = layer.stroke(count);
    let (width, opacity) = (decimal(stroke.width), decimal(stroke.opacity));
    // On thin lines, round joints do not show, and they are most of the time that a PNG takes.
    let joints = if stroke.width > 1.5 { "round" } else { "bevel" };
    let column = (number(count) * frame.width * 2.0 / MOST_POINTS).clamp(1.0, 3.0);
    svg.open(
        "g",
        &[("class", layer.class()), ("fill", "none"), ("stroke-linejoin", joints), ("stroke-width", &width), ("stroke-opacity", &opacity)],
    );
    for (place, series) in series_of_layer() {
        let shade = shade_of(series, place);
        let dashes = if layer == Layer::Main { dash_array(series, place, stroke.width) } else { String::new() };
        let ends = if dashes.is_empty() { ("stroke-linecap", "round") } else { ("stroke-dasharray", dashes.as_str()) };
        svg.open("g", &[("stroke", shade.hex), ends]);
        for line in layer.lines_of(series) {
            let Trace { pieces, dots, infinite } = trace(line, view, frame, frame.grown(OVERHANG), column);
            svg.path(&pieces.iter().map(|piece| path(piece)).collect::<String>(), &[]);
            let dots: String = dots.iter().map(|dot| disc(*dot, stroke.width)).collect();
            svg.path(&dots, &[("fill", shade.hex), ("fill-opacity", &opacity), ("stroke", "none")]);
            let marks: String = infinite.iter().map(|point| triangle(*point, frame)).collect();
            svg.path(&marks, &[("class", "infinite"), ("fill", shade.hex), ("stroke", "none")]);
        }
        svg.close("g");
    }
    svg.close("g");
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
                    ("fill-opacity", BAND_OPACITY),
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

impl Layer {
    fn class(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Main => "lines",
        }
    }

    fn lines_of(self, series: &Series) -> &[Line] {
        match self {
            Self::Raw => &series.raw,
            Self::Main => &series.lines,
        }
    }

    /// The more lines, the thinner and the fainter each; what lies behind is fainter still.
    fn stroke(self, lines: usize) -> Stroke {
        let (width, opacity) = match lines {
            0..=10 => (1.8, 1.0),
            11..=30 => (1.3, 0.8),
            _ => (1.0, (45.0 / number(lines)).clamp(0.25, 0.7)),
        };
        match self {
            Self::Raw => Stroke { width: 1.0, opacity: opacity * 0.3 },
            Self::Main => Stroke { width, opacity },
        }
    }
}

fn dash_array(series: &Series, place: usize, width: f64) -> String {
    let lengths: Vec<String> = dash_of(series, place).pattern().iter().map(|length| decimal(length * width)).collect();
    lengths.join(" ")
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

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
