//! The view: which part of the plane a chart shows, and where in it a value lies.

use crate::{Axis, Band, Chart, ErrorKind, Line, Result, Scale, Series};

/// The values between the two ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub(crate) scale: Scale,
    /// Finite; above 0 on a log scale.
    pub(crate) low: f64,
    /// Finite, above `low`.
    pub(crate) high: f64,
    /// Where the axis begins once the scale is applied, and how long it is then.
    placed: (f64, f64),
}

/// What a chart shows of its data.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) x: Span,
    pub(crate) y: Span,
    /// What is not in the picture, in sentences without a full stop.
    pub(crate) left_out: Vec<String>,
}

/// What an axis has beyond its values, at each end, as a part of its length.
#[derive(Debug, Clone, Copy)]
enum Room {
    /// A margin, so that no curve runs along the edge.
    Margin(f64),
    /// So much at most, if the axis reaches a round number by it: steps from 0 to 9,999 fill an axis up to 10,000.
    UpToRound(f64),
}

const X_ROOM: Room = Room::UpToRound(0.02);
const Y_ROOM: Room = Room::Margin(0.04);

impl Span {
    pub(crate) fn new(scale: Scale, low: f64, high: f64) -> Self {
        Self { scale, low, high, placed: (place(scale, low), place(scale, high) - place(scale, low)) }
    }

    /// How far along the axis a value lies: 0 at the low end, 1 at the high end, less or more beyond them, infinite for infinities.
    /// None for what has no place: NaN, and on a log axis what is ≤ 0.
    pub(crate) fn fraction(&self, value: f64) -> Option<f64> {
        if value.is_nan() || (self.scale == Scale::Log && value <= 0.0) {
            return None;
        }
        let (low, length) = self.placed;
        let fraction = (place(self.scale, value) - low) / length;
        (!fraction.is_nan()).then_some(if value.is_finite() { fraction.clamp(-FAR, FAR) } else { fraction })
    }
}

/// Where a value lies before the axis has a length.
fn place(scale: Scale, value: f64) -> f64 {
    match scale {
        // Half, since the distance between two finite values can be infinite.
        Scale::Linear => value / 2.0,
        Scale::Log => value.log10(),
    }
}

/// What is farther away than this is drawn as if it were here: nobody sees the difference, and products stay finite.
const FAR: f64 = 1e9;

impl View {
    /// Checks the data of a chart, and finds the view that shows all of it but what the axes cut off.
    pub(crate) fn of(chart: &Chart) -> Result<Self> {
        for series in &chart.series {
            check_lengths(series)?;
        }
        let mut points = 0_usize;
        let mut not_positive = [0_usize; 2];
        let (mut x, mut y) = (Extent::default(), Extent::default());
        for series in &chart.series {
            let main = count_not_positive(chart, &series.lines);
            let raw = count_not_positive(chart, &series.raw);
            not_positive = [not_positive[0] + main[0].max(raw[0]), not_positive[1] + main[1].max(raw[1])];
            for line in series.lines.iter().chain(&series.raw) {
                points += line.x.len();
                for (at, value) in line.x.iter().zip(&line.y) {
                    if has_place(&chart.x, *at) && value.is_infinite() {
                        // Its mark stands at the edge.
                        x.add(*at);
                    } else if has_place(&chart.x, *at) && has_place(&chart.y, *value) {
                        x.add(*at);
                        y.add(*value);
                    }
                }
            }
            if let Some(Band { x: places, low, high }) = &series.band {
                points += places.len();
                for ((at, low), high) in places.iter().zip(low).zip(high) {
                    if has_place(&chart.x, *at) && !low.is_nan() && has_place(&chart.y, *high) {
                        x.add(*at);
                        y.add(*high);
                        if has_place(&chart.y, *low) {
                            y.add(*low);
                        }
                    }
                }
            }
        }
        let (Some(all_x), Some(all_y)) = (x.0, y.0) else {
            return Err(ErrorKind::NoPoint { series: chart.series.len(), points, not_positive: not_positive.iter().sum() }.into());
        };
        let view = Self { x: span("x", &chart.x, all_x, X_ROOM)?, y: span("y", &chart.y, all_y, Y_ROOM)?, left_out: Vec::new() };
        let mut left_out = Vec::new();
        for (axis, count) in [("x", not_positive[0]), ("y", not_positive[1])] {
            match count {
                0 => {}
                1 => left_out.push(format!("1 point ≤ 0 is left out by the log {axis} axis")),
                _ => left_out
                    .push(format!("{} points ≤ 0 are left out by the log {axis} axis", crate::ticks::with_separators(&count.to_string()))),
            }
        }
        if all_x.1 < view.x.low || all_x.0 > view.x.high || all_y.1 < view.y.low || all_y.0 > view.y.high {
            left_out.push("all points lie beyond the ends of the axes".to_owned());
        }
        Ok(Self { left_out, ..view })
    }

    /// The note below the picture: that of the chart, and what is left out.
    pub(crate) fn note(&self, chart: &Chart) -> String {
        let given = chart.note.as_deref().map(crate::text::visible).filter(|note| !note.trim().is_empty());
        given.into_iter().chain(self.left_out.iter().cloned()).collect::<Vec<_>>().join(" · ")
    }
}

/// The least and the greatest of some values.
#[derive(Default)]
struct Extent(Option<(f64, f64)>);

impl Extent {
    fn add(&mut self, value: f64) {
        let (low, high) = self.0.unwrap_or((value, value));
        self.0 = Some((low.min(value), high.max(value)));
    }
}

fn has_place(axis: &Axis, value: f64) -> bool {
    value.is_finite() && (axis.scale == Scale::Linear || value > 0.0)
}

/// How many points the axes leave out since a coordinate is ≤ 0: by the x axis, and of the others by the y axis.
fn count_not_positive(chart: &Chart, lines: &[Line]) -> [usize; 2] {
    let mut counts = [0, 0];
    for line in lines {
        for (x, y) in line.x.iter().zip(&line.y) {
            if chart.x.scale == Scale::Log && *x <= 0.0 {
                counts[0] += 1;
            } else if chart.y.scale == Scale::Log && *y <= 0.0 {
                counts[1] += 1;
            }
        }
    }
    counts
}

fn check_lengths(series: &Series) -> Result<()> {
    let lines = series.lines.iter().map(|line| ("line", line)).chain(series.raw.iter().map(|line| ("raw line", line)));
    let band = series
        .band
        .iter()
        .flat_map(|band| [("band", &band.x, &band.low, "the lower edge"), ("band", &band.x, &band.high, "the upper edge")]);
    for (part, x, y, of) in lines.map(|(part, line)| (part, &line.x, &line.y, "y")).chain(band) {
        if x.len() != y.len() {
            return Err(ErrorKind::Lengths { series: series.name.clone(), part, x: x.len(), y: y.len(), of }.into());
        }
    }
    Ok(())
}

/// The values that an axis shows, given the least and the greatest of its data.
fn span(name: &'static str, axis: &Axis, (least, greatest): (f64, f64), room: Room) -> Result<Span> {
    let scale = axis.scale;
    let (mut low, mut high) = match scale {
        Scale::Linear => linear_room(least, greatest, room),
        Scale::Log => log_room(least, greatest, room),
    };
    // An end that is given moves the other one only if that would leave nothing.
    match (axis.low, axis.high) {
        (Some(given), None) if given >= high => high = above(scale, given),
        (None, Some(given)) if given <= low => low = below(scale, given),
        _ => {}
    }
    (low, high) = (axis.low.unwrap_or(low), axis.high.unwrap_or(high));
    let span = Span::new(scale, low, high);
    let has_length = low < high && low.is_finite() && high.is_finite() && (scale == Scale::Linear || low > 0.0);
    if has_length && span.fraction(low) == Some(0.0) && span.fraction(high) == Some(1.0) {
        Ok(span)
    } else {
        Err(ErrorKind::Bounds { axis: name, low, high, scale }.into())
    }
}

fn linear_room(least: f64, greatest: f64, room: Room) -> (f64, f64) {
    let magnitude = least.abs().max(greatest.abs());
    let half = greatest / 2.0 - least / 2.0;
    let (low, high) = if half <= magnitude * 1e-12 || half < f64::MIN_POSITIVE {
        // Values that are the same, but for the last digits, lie in the middle.
        let around = if magnitude < f64::MIN_POSITIVE * 1e3 { 1.0 } else { magnitude / 10.0 };
        return ((least - around).max(f64::MIN), (greatest + around).min(f64::MAX));
    } else {
        match room {
            Room::Margin(part) => (least - half * (2.0 * part), greatest + half * (2.0 * part)),
            Room::UpToRound(part) => {
                let unit = 10_f64.powf(half.log10().floor());
                let (low, high) = ((least / unit).floor() * unit, (greatest / unit).ceil() * unit);
                let is_near = |round: f64, value: f64| (round - value).abs() <= half * (2.0 * part);
                (if is_near(low, least) { low } else { least }, if is_near(high, greatest) { high } else { greatest })
            }
        }
    };
    let (low, high) = (low.max(f64::MIN), high.min(f64::MAX));
    // Losses and accuracies do not go below 0, and neither does their axis.
    (if least >= 0.0 { low.max(0.0) } else { low }, if greatest <= 0.0 { high.min(0.0) } else { high })
}

fn log_room(least: f64, greatest: f64, room: Room) -> (f64, f64) {
    let ratio = greatest.log10() - least.log10();
    if ratio <= 1e-9 {
        return (below(Scale::Log, least), above(Scale::Log, greatest));
    }
    match room {
        Room::Margin(part) => {
            let times = 10_f64.powf(ratio * part);
            ((least / times).max(f64::MIN_POSITIVE.min(least)), (greatest * times).min(f64::MAX))
        }
        Room::UpToRound(_) => (least, greatest),
    }
}

fn above(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => linear_room(value, value, Y_ROOM).1,
        Scale::Log => (value * 3.0).min(f64::MAX),
    }
}

fn below(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => linear_room(value, value, Y_ROOM).0,
        Scale::Log => value / 3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(x: &[f64], y: &[f64]) -> Chart {
        Chart::new(Axis::default(), Axis::default()).with_series(Series::new("a").with_line(Line::new(x, y)))
    }

    fn log(chart: &Chart) -> Chart {
        Chart { y: chart.y.clone().with_scale(Scale::Log), ..chart.clone() }
    }

    #[test]
    fn an_axis_does_not_go_below_zero_when_its_values_do_not() {
        let view = View::of(&chart(&[0.0, 10.0], &[0.01, 1.0])).unwrap();
        assert_eq!(view.y.fraction(0.0), Some(0.0));
        assert!(view.y.high > 1.0 && view.y.high < 1.1);
    }

    #[test]
    fn the_x_axis_ends_at_a_round_number_that_is_near() {
        let ends = |low, high| {
            let view = View::of(&chart(&[low, high], &[0.0, 1.0])).unwrap();
            (view.x.low, view.x.high)
        };
        assert_eq!(ends(0.0, 10.0), (0.0, 10.0));
        assert_eq!(ends(1.0, 19_999.0), (0.0, 20_000.0));
        assert_eq!(ends(250.0, 49_750.0), (0.0, 50_000.0));
        assert_eq!(ends(0.0, 17_300.0), (0.0, 17_300.0));
    }

    #[test]
    fn a_constant_lies_in_the_middle() {
        for value in [0.0, 5.0, -1e300, 1e-300, f64::MAX, 5e-324] {
            let view = View::of(&chart(&[1.0, 2.0], &[value, value])).unwrap();
            let fraction = view.y.fraction(value).unwrap();
            assert!((0.0..=1.0).contains(&fraction), "{value}: {fraction}");
        }
    }

    #[test]
    fn extremes_have_places() {
        let view = View::of(&chart(&[f64::MIN, f64::MAX], &[-1e300, 1e300])).unwrap();
        assert_eq!(view.x.fraction(0.0), Some(0.5));
        assert_eq!(view.y.fraction(f64::INFINITY), Some(f64::INFINITY));
    }

    #[test]
    fn what_a_log_axis_leaves_out_is_counted() {
        let view = View::of(&log(&chart(&[0.0, 1.0, 2.0], &[1.0, 0.0, -1.0]))).unwrap();
        assert_eq!(view.left_out, ["2 points ≤ 0 are left out by the log y axis"]);
    }

    #[test]
    fn nothing_to_draw_is_an_error_that_says_why() {
        let message = |chart: &Chart| View::of(chart).unwrap_err().to_string();
        insta::assert_snapshot!(message(&Chart::default()), @"the chart has nothing to draw: it has no series");
        insta::assert_snapshot!(message(&chart(&[], &[])), @"the chart has nothing to draw: none of its 1 series has a point");
        insta::assert_snapshot!(message(&chart(&[0.0], &[f64::NAN])), @"the chart has nothing to draw: all of its 1 points are NaN or infinite");
        insta::assert_snapshot!(message(&log(&chart(&[0.0, 1.0], &[0.0, -1.0]))), @"the chart has nothing to draw: all of its 2 points are ≤ 0 on a log axis");
        insta::assert_snapshot!(message(&chart(&[0.0, 1.0], &[0.0])), @"the line of the series `a` has 2 values of x and 1 of y");
    }

    #[test]
    fn ends_that_leave_nothing_are_refused() {
        let bounds = |low, high, scale| {
            let axis = Axis { scale, low, high, ..Axis::default() };
            View::of(&Chart { y: axis, ..chart(&[1.0], &[1.0]) }).map(|view| (view.y.low, view.y.high)).map_err(|error| error.to_string())
        };
        assert_eq!(bounds(Some(2.0), Some(2.0), Scale::Linear).unwrap_err(), "the y axis cannot go from 2 to 2");
        assert_eq!(bounds(Some(0.0), None, Scale::Log).unwrap_err(), "the y axis cannot go from 0 to 3 on a log scale");
        assert_eq!(bounds(Some(f64::NAN), None, Scale::Linear).unwrap_err(), "the y axis cannot go from NaN to 1.1");
        assert_eq!(bounds(Some(10.0), None, Scale::Linear).unwrap(), (10.0, 11.0));
    }
}
