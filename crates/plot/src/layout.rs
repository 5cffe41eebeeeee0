//! Where things stand in a picture: title, legend, axes and the frame of the curves, none over another.

use crate::{
    Chart, Size,
    text::{Ruler, visible},
    ticks::Ticks,
    trace::Frame,
    view::View,
};

/// All that a picture has besides curves, in place.
pub(crate) struct Layout {
    pub(crate) size: Size,
    /// What the curves are drawn in.
    pub(crate) frame: Frame,
    pub(crate) x_ticks: Ticks,
    pub(crate) y_ticks: Ticks,
    pub(crate) texts: Vec<Text>,
    pub(crate) legend: Vec<Key>,
}

/// A line of text.
pub(crate) struct Text {
    pub(crate) content: String,
    pub(crate) x: f64,
    /// The line that its letters stand on.
    pub(crate) y: f64,
    /// The size of the font.
    pub(crate) size: f64,
    pub(crate) colour: &'static str,
    pub(crate) anchor: Anchor,
    /// Whether it runs upwards instead of to the right.
    pub(crate) is_upright: bool,
}

/// Which part of a text is at its place.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A series in the legend; its name is among the texts.
pub(crate) struct Key {
    /// The place of the series among all.
    pub(crate) series: usize,
    /// The left end of its sample, which is [`KEY_WIDTH`] wide.
    pub(crate) x: f64,
    /// The middle of its sample.
    pub(crate) y: f64,
}

pub(crate) const KEY_WIDTH: f64 = 22.0;

const MARGIN: f64 = 20.0;
const TITLE: f64 = 16.0;
const LABEL: f64 = 12.0;
const SMALL: f64 = 11.0;
const LEGEND_ROW: f64 = 20.0;
const KEY_GAP: f64 = 7.0;
const INK: &str = "#222222";
const SOFT_INK: &str = "#555555";
/// How many names a legend has at most; it says how many more there are.
const MOST_KEYS: usize = 12;
/// How far the middle of lower-case letters lies above the line they stand on, in sizes of the font.
const HALF_LETTER: f64 = 0.36;

impl Layout {
    pub(crate) fn of(chart: &Chart, view: &View, size: Size) -> Self {
        let ruler = Ruler::new();
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let mut texts = Vec::new();

        let mut top = MARGIN;
        if let Some(title) = chart.title.as_deref().map(visible).filter(|title| !title.trim().is_empty()) {
            let content = ruler.shortened(&title, TITLE, width - 2.0 * MARGIN);
            texts.push(Text::new(content, MARGIN, top + TITLE * 0.8, TITLE, INK));
            top += TITLE + 12.0;
        }
        let (legend, legend_texts, legend_size) = legend(chart, &ruler, width, height, top);
        texts.extend(legend_texts);
        let mut right = width - MARGIN - 4.0;
        match legend_size {
            Room::None => {}
            Room::Above(room) => top += room,
            Room::Beside(room) => right = width - MARGIN - room - 20.0,
        }

        let mut bottom = height - MARGIN + 4.0;
        let note = view.note(chart);
        if !note.is_empty() {
            let content = ruler.shortened(&note, SMALL, width - 2.0 * MARGIN);
            texts.push(Text::new(content, MARGIN, bottom - 3.0, SMALL, SOFT_INK));
            bottom -= SMALL + 10.0;
        }
        let x_label_line = bottom - 3.0;
        let (x_label, y_label) = (visible(&chart.x.label), visible(&chart.y.label));
        if !x_label.trim().is_empty() {
            bottom -= LABEL + 8.0;
        }
        bottom -= SMALL + 8.0;

        let frame_height = bottom - top;
        let y_ticks = Ticks::fitting(&view.y, whole(frame_height / 48.0).clamp(3, 8), frame_height, 4.0, |_| SMALL);
        let y_ticks = y_ticks.unless_wider(width * 0.35, |label| ruler.width(label, SMALL));
        let widest = y_ticks.major.iter().map(|tick| ruler.width(&tick.label, SMALL)).fold(0.0, f64::max);
        let has_y_label = !y_label.trim().is_empty();
        let left = MARGIN + if has_y_label { LABEL + 8.0 } else { 0.0 } + widest + 8.0;
        let frame = Frame { left, top, width: right - left, height: frame_height };
        let x_ticks = Ticks::fitting(&view.x, whole(frame.width / 75.0).clamp(3, 11), frame.width, 16.0, |label| ruler.width(label, SMALL));

        for tick in &y_ticks.major {
            let y = frame.at_y(view.y.fraction(tick.value).unwrap_or(0.0)) + SMALL * HALF_LETTER;
            texts.push(Text::new(tick.label.clone(), left - 8.0, y, SMALL, SOFT_INK).anchored(Anchor::End));
        }
        for tick in &x_ticks.major {
            let half = ruler.width(&tick.label, SMALL) / 2.0;
            let x = frame.at_x(view.x.fraction(tick.value).unwrap_or(0.0)).clamp(half + 4.0, (width - half - 4.0).max(half + 4.0));
            texts.push(Text::new(tick.label.clone(), x, bottom + SMALL + 7.0, SMALL, SOFT_INK).anchored(Anchor::Middle));
        }
        if !x_label.trim().is_empty() {
            let content = ruler.shortened(&x_label, LABEL, frame.width);
            texts.push(Text::new(content, frame.at_x(0.5), x_label_line, LABEL, INK).anchored(Anchor::Middle));
        }
        if has_y_label {
            let content = ruler.shortened(&y_label, LABEL, frame.height);
            let text = Text::new(content, MARGIN + LABEL * 0.8, frame.at_y(0.5), LABEL, INK).anchored(Anchor::Middle);
            texts.push(Text { is_upright: true, ..text });
        }
        Self { size, frame, x_ticks, y_ticks, texts, legend }
    }
}

impl Text {
    fn new(content: String, x: f64, y: f64, size: f64, colour: &'static str) -> Self {
        Self { content, x, y, size, colour, anchor: Anchor::Start, is_upright: false }
    }

    fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// What the legend takes.
enum Room {
    None,
    /// A height above the frame.
    Above(f64),
    /// A width beside it.
    Beside(f64),
}

/// The legend: in one or two rows above the frame if it fits there, else in a column beside it.
fn legend(chart: &Chart, ruler: &Ruler, width: f64, height: f64, top: f64) -> (Vec<Key>, Vec<Text>, Room) {
    let names: Vec<(usize, String)> = (chart.series.iter().enumerate())
        .map(|(place, series)| (place, visible(&series.name)))
        .filter(|(_, name)| !name.trim().is_empty())
        .collect();
    if names.is_empty() {
        return (Vec::new(), Vec::new(), Room::None);
    }
    let baseline = |y: f64| y + LABEL * HALF_LETTER;
    let (mut keys, mut texts) = (Vec::new(), Vec::new());

    let (mut x, mut y) = (MARGIN, top + LABEL / 2.0);
    for (series, name) in &names {
        let content = ruler.shortened(name, LABEL, (width / 3.0).min(260.0));
        let advance = KEY_WIDTH + KEY_GAP + ruler.width(&content, LABEL);
        if x > MARGIN && x + advance > width - MARGIN {
            (x, y) = (MARGIN, y + LEGEND_ROW);
        }
        keys.push(Key { series: *series, x, y });
        texts.push(Text::new(content, x + KEY_WIDTH + KEY_GAP, baseline(y), LABEL, INK));
        x += advance + 20.0;
    }
    let rows_height = y + LABEL / 2.0 + 14.0 - top;
    if names.len() <= MOST_KEYS && rows_height <= 2.0 * LEGEND_ROW + 10.0 {
        return (keys, texts, Room::Above(rows_height));
    }

    // What the title, the axis and a note leave of the height.
    let rows = whole((height - top - 90.0) / LEGEND_ROW).clamp(2, MOST_KEYS + 1);
    let shown = if names.len() <= rows.min(MOST_KEYS) { names.len() } else { (rows - 1).min(MOST_KEYS) };
    let most = (width * 0.3).min(260.0) - KEY_WIDTH - KEY_GAP;
    let mut contents: Vec<String> = names[..shown].iter().map(|(_, name)| ruler.shortened(name, LABEL, most)).collect();
    if shown < names.len() {
        contents.push(format!("+ {} more", names.len() - shown));
    }
    let room = KEY_WIDTH + KEY_GAP + contents.iter().map(|content| ruler.width(content, LABEL)).fold(0.0, f64::max);
    let x = width - MARGIN - room;
    (keys, texts) = (Vec::new(), Vec::new());
    let mut y = top + LABEL / 2.0;
    for (row, content) in contents.into_iter().enumerate() {
        let is_name = row < shown;
        if is_name {
            keys.push(Key { series: names[row].0, x, y });
        }
        texts.push(Text::new(content, x + KEY_WIDTH + KEY_GAP, baseline(y), LABEL, if is_name { INK } else { SOFT_INK }));
        y += LEGEND_ROW;
    }
    (keys, texts, Room::Beside(room))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lengths of pictures, at most 8192; `as` stops at 0")]
fn whole(value: f64) -> usize {
    value as usize
}
