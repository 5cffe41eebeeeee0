//! A chart as text: curves in braille or in characters of their own, axes in box-drawing characters.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
    symbols::Marker,
    text::Span,
    widgets::{
        Widget as _,
        canvas::{Canvas, Context, Line as Segment, Points},
    },
};

use crate::{
    Chart, Dash, ErrorKind, Line, Result, Series, ansi,
    palette::{dash_of, shade_of},
    text::visible,
    ticks::Ticks,
    trace::{Frame, Point, Trace, trace},
    view::View,
};

const LEAST: (u16, u16) = (24, 8);
const MOST: u16 = 1000;
/// How many rows of a chart are curves at least, before anything else has a row.
const LEAST_FRAME: u16 = 4;
/// How many rows the names of series take at most.
const MOST_LEGEND: u16 = 3;
/// The characters of series that are not told apart by colour.
const MARKS: [char; 10] = ['*', '+', 'o', 'x', '#', '%', '@', '&', '=', '~'];
/// The character of what stays behind, without colours.
const FAINT_MARK: char = '·';

/// Refuses a terminal that is too small or too large.
pub(crate) fn check(columns: u16, rows: u16) -> Result<()> {
    if (LEAST.0..=MOST).contains(&columns) && (LEAST.1..=MOST).contains(&rows) {
        return Ok(());
    }
    let possible = format!("from {} × {} to {MOST} × {MOST} characters", LEAST.0, LEAST.1);
    Err(ErrorKind::Size { width: columns.into(), height: rows.into(), unit: "columns and rows", possible }.into())
}

/// The chart as text, for a terminal that was checked.
pub(crate) fn draw(chart: &Chart, view: &View, columns: u16, rows: u16, colour: bool) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    let area = surround(chart, view, colour, &mut buffer);
    curves(chart, view, colour, area, &mut buffer);
    ansi::text_of(&buffer, colour)
}

/// Writes all but the curves, and gives the area that is left for them.
fn surround(chart: &Chart, view: &View, colour: bool, buffer: &mut Buffer) -> Rect {
    let (columns, rows) = (buffer.area().width, buffer.area().height);
    let dim = Style::new().add_modifier(Modifier::DIM);
    let title = chart.title.as_deref().map(visible).unwrap_or_default();
    let (x_label, y_label, note) = (visible(&chart.x.label), visible(&chart.y.label), view.note(chart));
    let legend = Legend::of(chart, colour, columns);

    // What there is no room for is left out, the least needed first.
    let mut spare = rows - 2 - LEAST_FRAME;
    let mut take = |wanted: u16| {
        let taken = wanted.min(spare);
        spare -= taken;
        taken
    };
    let has_note = take(u16::from(!note.is_empty())) > 0;
    let mut legend_rows = take(legend.rows().min(1));
    let has_title = take(u16::from(!title.trim().is_empty())) > 0;
    let has_y_label = take(u16::from(!y_label.trim().is_empty())) > 0;
    let has_x_label = take(u16::from(!x_label.trim().is_empty())) > 0;
    legend_rows += take(legend.rows().saturating_sub(1).min(MOST_LEGEND - 1).min(rows / 8));

    let mut top = 0;
    if has_title {
        buffer.set_stringn(0, top, shortened(&title, columns), usize::from(columns), Style::new().add_modifier(Modifier::BOLD));
        top += 1;
    }
    legend.write(legend_rows, top, buffer);
    top += legend_rows;
    if has_y_label {
        buffer.set_stringn(0, top, shortened(&y_label, columns), usize::from(columns), dim);
        top += 1;
    }
    let mut bottom = rows;
    if has_note {
        bottom -= 1;
        buffer.set_stringn(0, bottom, shortened(&note, columns), usize::from(columns), dim);
    }
    if has_x_label {
        bottom -= 1;
        let label = shortened(&x_label, columns);
        buffer.set_stringn(columns - width(&label), bottom, label, usize::from(columns), dim);
    }
    let height = bottom - top - 2;
    let y_ticks = Ticks::fitting(&view.y, usize::from(height / 3).clamp(3, 8), f64::from(height - 1), 0.0, |_| 1.0);
    let y_ticks = y_ticks.unless_wider(f64::from(columns / 2), |label| f64::from(width(label)));
    let gutter = y_ticks.major.iter().map(|tick| width(&tick.label)).max().unwrap_or(0);
    let area = Rect::new(gutter + 2, top, columns - gutter - 3, height);
    axes(view, &y_ticks, area, dim, buffer);
    area
}

/// Draws the axes left of and below the area, and their ticks.
fn axes(view: &View, y_ticks: &Ticks, area: Rect, style: Style, buffer: &mut Buffer) {
    let frame = dots_of(area);
    let (axis, bottom) = (area.x - 1, area.bottom());
    for y in area.y..bottom {
        buffer.set_string(axis, y, "│", style);
    }
    buffer.set_string(axis, bottom, "└", style);
    for x in area.x..area.right() {
        buffer.set_string(x, bottom, "─", style);
    }
    for tick in &y_ticks.major {
        let y = area.y + cells(frame.at_y(view.y.fraction(tick.value).unwrap_or(0.0)), 4.0).min(area.height - 1);
        buffer.set_string(axis, y, "┤", style);
        buffer.set_string(axis - 1 - width(&tick.label), y, &tick.label, style);
    }
    let labels = usize::from(area.width / 9).clamp(3, 10);
    let x_ticks = Ticks::fitting(&view.x, labels, f64::from(area.width), 2.0, |label| f64::from(width(label)));
    let mut free_from = 0;
    for tick in &x_ticks.major {
        let x = area.x + cells(frame.at_x(view.x.fraction(tick.value).unwrap_or(0.0)), 2.0).min(area.width - 1);
        let length = width(&tick.label);
        let start = x.saturating_sub(length / 2).min(buffer.area().width.saturating_sub(length));
        buffer.set_string(x, bottom, "┬", style);
        if start >= free_from {
            buffer.set_stringn(start, bottom + 1, &tick.label, usize::from(length), style);
            free_from = start + length + 1;
        }
    }
}

fn curves(chart: &Chart, view: &View, colour: bool, area: Rect, buffer: &mut Buffer) {
    let frame = dots_of(area);
    let looks: Vec<Look> = chart.series.iter().enumerate().map(|(place, series)| Look::of(chart, series, place, colour)).collect();
    let all = || chart.series.iter().zip(&looks);
    let draw =
        |context: &mut Context<'_>, line: &Line, colour: Color| strokes(context, &trace(line, view, frame, frame, 1.0), frame, colour);
    let bands = |context: &mut Context<'_>| {
        for (band, look) in all().filter_map(|(series, look)| Some((series.band.as_ref()?, look))) {
            draw(context, &Line::new(&band.x[..], &band.low[..]), look.faint);
            draw(context, &Line::new(&band.x[..], &band.high[..]), look.faint);
        }
    };
    let paint = |context: &mut Context<'_>| {
        let behind = if colour { Marker::Braille } else { Marker::Custom(FAINT_MARK) };
        context.marker(behind);
        for (series, look) in all() {
            series.raw.iter().for_each(|line| draw(context, line, look.faint));
        }
        if !colour {
            bands(context);
        }
        // Braille in one layer, where dots of lines and of the edges of bands share a character.
        context.marker(Marker::Braille);
        if colour {
            bands(context);
        }
        for (series, look) in all().filter(|(_, look)| look.mark.is_none()) {
            series.lines.iter().for_each(|line| draw(context, line, look.main));
        }
        // What has a character of its own comes on top.
        for (series, look, mark) in all().filter_map(|(series, look)| Some((series, look, look.mark?))) {
            context.marker(Marker::Custom(mark));
            series.lines.iter().for_each(|line| draw(context, line, look.main));
        }
    };
    Canvas::default().x_bounds([0.0, frame.width]).y_bounds([0.0, frame.height]).paint(paint).render(area, buffer);
}

/// Draws a line; where it is infinite, an arrowhead.
fn strokes(context: &mut Context<'_>, trace: &Trace, frame: Frame, colour: Color) {
    // A canvas counts from the bottom.
    let up = |point: &Point| frame.height - point.y;
    for pair in trace.pieces.iter().flat_map(|piece| piece.windows(2)) {
        context.draw(&Segment::new(pair[0].x, up(&pair[0]), pair[1].x, up(&pair[1]), colour));
    }
    let dots: Vec<(f64, f64)> = trace.dots.iter().map(|dot| (dot.x, up(dot))).collect();
    if !dots.is_empty() {
        context.draw(&Points::new(&dots, colour));
    }
    for point in &trace.infinite {
        let arrow = if up(point) > 0.0 { "^" } else { "v" };
        context.print(point.x, up(point), Span::styled(arrow, Style::new().fg(colour)));
    }
}

/// How a series is drawn.
struct Look {
    main: Color,
    faint: Color,
    /// The character of its lines; braille without.
    mark: Option<char>,
}

impl Look {
    fn of(chart: &Chart, series: &Series, place: usize, colour: bool) -> Self {
        let shade = shade_of(series, place);
        let mark = MARKS[place % MARKS.len()];
        if colour {
            let mark = (dash_of(series, place) != Dash::Solid).then_some(mark);
            Self { main: Color::Indexed(shade.ansi), faint: Color::Indexed(shade.ansi_faint), mark }
        } else {
            Self { main: Color::Reset, faint: Color::Reset, mark: (chart.series.len() > 1).then_some(mark) }
        }
    }
}

/// The names of the series, each after a sample of its line.
struct Legend {
    /// Column, row, sample, its style, name.
    keys: Vec<(u16, u16, String, Style, String)>,
}

impl Legend {
    fn of(chart: &Chart, colour: bool, columns: u16) -> Self {
        let mut keys = Vec::new();
        let (mut x, mut row) = (0, 0);
        for (place, series) in chart.series.iter().enumerate() {
            let name = shortened(&visible(&series.name), (columns / 2).max(12).min(columns - 4));
            if name.trim().is_empty() {
                continue;
            }
            let length = 3 + width(&name);
            if x > 0 && x + length > columns {
                (x, row) = (0, row + 1);
            }
            let look = Look::of(chart, series, place, colour);
            let sample = look.mark.map_or_else(|| "⠒⠒".to_owned(), |mark| [mark, mark].iter().collect());
            keys.push((x, row, sample, Style::new().fg(look.main), name));
            x += length + 3;
        }
        Self { keys }
    }

    fn rows(&self) -> u16 {
        self.keys.last().map_or(0, |(_, row, ..)| row + 1)
    }

    /// Writes the first rows, and says how many names there are besides.
    fn write(&self, rows: u16, top: u16, buffer: &mut Buffer) {
        let columns = buffer.area().width;
        let mut shown = self.keys.iter().filter(|(_, row, ..)| *row < rows).count();
        let end = |shown: usize| self.keys[..shown].last().map_or(0, |(x, _, _, _, name)| x + 3 + width(name));
        let mut more = String::new();
        if rows > 0 && shown < self.keys.len() {
            let text = |shown: usize| format!("+ {} more", self.keys.len() - shown);
            while shown > 1 && end(shown) + 3 + width(&text(shown)) > columns {
                shown -= 1;
            }
            more = text(shown);
        }
        for (x, row, sample, style, name) in &self.keys[..shown] {
            buffer.set_string(*x, top + row, sample, *style);
            buffer.set_stringn(x + 3, top + row, name, usize::from(columns), Style::new());
        }
        if let Some((_, row, ..)) = self.keys[..shown].last().filter(|_| !more.is_empty()) {
            let x = end(shown) + 3;
            buffer.set_stringn(x.min(columns), top + row, more, usize::from(columns), Style::new().add_modifier(Modifier::DIM));
        }
    }
}

/// The dots of braille that an area has, counted between the middles of the outermost.
fn dots_of(area: Rect) -> Frame {
    Frame { left: 0.0, top: 0.0, width: f64::from(area.width) * 2.0 - 1.0, height: f64::from(area.height) * 4.0 - 1.0 }
}

/// The character that a dot is in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "dots of an area of at most 1000 characters; `as` stops at 0")]
fn cells(dot: f64, dots_of_cell: f64) -> u16 {
    (dot.round() / dots_of_cell) as u16
}

/// How many columns a text takes.
fn width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// The text, or as much of it as fits into `most` columns, with an ellipsis for what was cut off.
fn shortened(text: &str, most: u16) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut columns = 1;
    for character in text.chars() {
        columns += width(character.encode_utf8(&mut [0; 4]));
        if columns > most {
            break;
        }
        kept.push(character);
    }
    format!("{}…", kept.trim_end())
}
