//! Curves on a grid of pixels: cut at gaps and at the edges, and thinned out to what the pixels can show.

use crate::{Band, Line, view::View};

/// A place in pixels, from the left and from the top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// The rectangle of pixels that shows the view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A line in pixels.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Trace {
    /// What is joined, each of two points or more.
    pub(crate) pieces: Vec<Vec<Point>>,
    /// Points without neighbours.
    pub(crate) dots: Vec<Point>,
    /// Where the line is infinite: on the upper edge of the frame for ∞, on the lower for −∞.
    pub(crate) infinite: Vec<Point>,
}

/// How far from each other marks of infinity stand at least.
const MARK_PIXELS: f64 = 7.0;

impl Frame {
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(crate) fn at_x(&self, fraction: f64) -> f64 {
        self.left + fraction * self.width
    }

    pub(crate) fn at_y(&self, fraction: f64) -> f64 {
        self.bottom() - fraction * self.height
    }

    /// The frame with some room on all sides.
    pub(crate) fn grown(&self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, width: self.width + 2.0 * by, height: self.height + 2.0 * by }
    }

    fn contains(&self, point: Point) -> bool {
        (self.left..=self.right()).contains(&point.x) && (self.top..=self.bottom()).contains(&point.y)
    }

    /// The part of a segment that lies inside (Liang and Barsky's algorithm).
    fn clip(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let (mut begin, mut end) = (0.0_f64, 1.0_f64);
        let edges = [(-dx, from.x - self.left), (dx, self.right() - from.x), (-dy, from.y - self.top), (dy, self.bottom() - from.y)];
        for (towards, distance) in edges {
            if towards < 0.0 {
                begin = begin.max(distance / towards);
            } else if towards > 0.0 {
                end = end.min(distance / towards);
            } else if distance < 0.0 {
                return None;
            }
        }
        let at = |share: f64| Point { x: from.x + share * dx, y: from.y + share * dy };
        // The ends themselves, where nothing is cut: sums would round them.
        (begin <= end).then(|| (if begin > 0.0 { at(begin) } else { from }, if end < 1.0 { at(end) } else { to }))
    }
}

/// The line as it shows in a frame. `column` is the width in which no more is kept than the lowest and the highest point, so that no
/// spike is lost. What lies beyond `bounds` is cut off.
pub(crate) fn trace(line: &Line, view: &View, frame: Frame, bounds: Frame, column: f64) -> Trace {
    let mut trace = Trace::default();
    let mut run: Vec<Point> = Vec::new();
    for (x, y) in line.x.iter().zip(&line.y) {
        match (view.x.fraction(*x).filter(|fraction| fraction.is_finite()), view.y.fraction(*y)) {
            (Some(across), Some(up)) if up.is_finite() => run.push(Point { x: frame.at_x(across), y: frame.at_y(up) }),
            (Some(across), Some(up)) => {
                trace.end(&mut run, bounds, column);
                let mark = Point { x: frame.at_x(across), y: if up > 0.0 { frame.top } else { frame.bottom() } };
                let is_new = |last: &Point| last.y.total_cmp(&mark.y).is_ne() || (last.x - mark.x).abs() >= MARK_PIXELS;
                if frame.contains(mark) && trace.infinite.last().is_none_or(is_new) {
                    trace.infinite.push(mark);
                }
            }
            _ => trace.end(&mut run, bounds, column),
        }
    }
    trace.end(&mut run, bounds, column);
    trace
}

impl Trace {
    /// Takes a run of joined points over, and leaves it empty.
    fn end(&mut self, run: &mut Vec<Point>, bounds: Frame, column: f64) {
        if let [point] = run[..] {
            self.dots.extend(bounds.contains(point).then_some(point));
        } else if !run.is_empty() {
            let pieces = if run.iter().all(|point| bounds.contains(*point)) { vec![std::mem::take(run)] } else { clipped(run, bounds) };
            self.pieces.extend(pieces.into_iter().map(|piece| thinned(&piece, column)));
        }
        run.clear();
    }
}

/// The parts of a run of points that lie within the bounds.
fn clipped(run: &[Point], bounds: Frame) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut goes_on = false;
    for pair in run.windows(2) {
        let Some((from, to)) = bounds.clip(pair[0], pair[1]) else {
            goes_on = false;
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if goes_on => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
        goes_on = to == pair[1];
    }
    pieces
}

/// The lowest and the highest point of each column, in their order, and both ends.
fn thinned(piece: &[Point], column: f64) -> Vec<Point> {
    let column_of = |point: &Point| (point.x / column).floor();
    let mut kept: Vec<Point> = Vec::new();
    for group in piece.chunk_by(|left, right| column_of(left).total_cmp(&column_of(right)).is_eq()) {
        let by_height = |left: &(usize, &Point), right: &(usize, &Point)| left.1.y.total_cmp(&right.1.y);
        let highest = group.iter().enumerate().min_by(by_height).map_or(0, |(place, _)| place);
        let lowest = group.iter().enumerate().max_by(by_height).map_or(0, |(place, _)| place);
        kept.push(group[highest.min(lowest)]);
        if highest != lowest {
            kept.push(group[highest.max(lowest)]);
        }
    }
    if let ([first, .., last], Some(begin), Some(end)) = (piece, kept.first().copied(), kept.last().copied()) {
        if begin != *first {
            kept.insert(0, *first);
        }
        if end != *last {
            kept.push(*last);
        }
    }
    kept
}

/// The areas that a band covers within the bounds, each as the corners of a polygon. Within a column, the band is as high as it is anywhere
/// in it.
pub(crate) fn areas(band: &Band, view: &View, frame: Frame, bounds: Frame, column: f64) -> Vec<Vec<Point>> {
    let edge = |value: f64| match view.y.fraction(value) {
        // On a log axis, what is ≤ 0 is infinitely far down.
        None if value <= 0.0 => Some(bounds.bottom()),
        None => None,
        Some(up) if up.is_infinite() => Some(if up > 0.0 { bounds.top } else { bounds.bottom() }),
        Some(up) => Some(frame.at_y(up)),
    };
    let mut areas = Vec::new();
    let mut run: Vec<Slice> = Vec::new();
    for ((x, low), high) in band.x.iter().zip(&band.low).zip(&band.high) {
        match (view.x.fraction(*x).filter(|fraction| fraction.is_finite()), edge(*low), edge(*high)) {
            (Some(across), Some(low), Some(high)) => run.push(Slice { x: frame.at_x(across), low, high }),
            _ => areas.extend(area(&std::mem::take(&mut run), bounds, column)),
        }
    }
    areas.extend(area(&run, bounds, column));
    areas
}

/// A band at one place.
#[derive(Debug, Clone, Copy)]
struct Slice {
    x: f64,
    low: f64,
    high: f64,
}

fn area(run: &[Slice], bounds: Frame, column: f64) -> Option<Vec<Point>> {
    let mut slices = Vec::new();
    for group in run.chunk_by(|left, right| (left.x / column).floor().total_cmp(&(right.x / column).floor()).is_eq()) {
        let low = group.iter().map(|slice| slice.low).fold(f64::MIN, f64::max);
        let high = group.iter().map(|slice| slice.high).fold(f64::MAX, f64::min);
        slices.push(Slice { x: group[0].x, low, high });
        if let [_, .., last] = group {
            slices.push(Slice { x: last.x, low, high });
        }
    }
    let upper = slices.iter().map(|slice| Point { x: slice.x, y: slice.high });
    let lower = slices.iter().rev().map(|slice| Point { x: slice.x, y: slice.low });
    let corners = cut_to(bounds, upper.chain(lower).collect());
    (corners.len() >= 3).then_some(corners)
}

/// The part of a polygon that lies within the bounds (Sutherland and Hodgman's algorithm).
fn cut_to(bounds: Frame, corners: Vec<Point>) -> Vec<Point> {
    // How far inside of each edge a point is; negative outside.
    let depths: [&dyn Fn(Point) -> f64; 4] =
        [&|point| point.x - bounds.left, &|point| bounds.right() - point.x, &|point| point.y - bounds.top, &|point| {
            bounds.bottom() - point.y
        }];
    depths.into_iter().fold(corners, |corners, depth| {
        let mut inside = Vec::with_capacity(corners.len());
        for (place, to) in corners.iter().enumerate() {
            let from = corners[if place == 0 { corners.len() - 1 } else { place - 1 }];
            let (before, after) = (depth(from), depth(*to));
            if (before < 0.0) != (after < 0.0) {
                let share = before / (before - after);
                inside.push(Point { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) });
            }
            if after >= 0.0 {
                inside.push(*to);
            }
        }
        inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Chart, Series};

    const FRAME: Frame = Frame { left: 0.0, top: 0.0, width: 100.0, height: 100.0 };

    fn traced(x: &[f64], y: &[f64], column: f64) -> Trace {
        let line = Line::new(x, y);
        let axis = || Axis::default().with_low(0.0).with_high(100.0);
        let chart = Chart::new(axis(), axis()).with_series(Series::new("").with_line(line.clone()));
        trace(&line, &View::of(&chart).unwrap(), FRAME, FRAME, column)
    }

    #[test]
    fn gaps_break_lines_and_leave_dots() {
        let trace = traced(&[0.0, 10.0, 20.0, 30.0, 40.0], &[1.0, 2.0, f64::NAN, 3.0, f64::INFINITY], 1.0);
        assert_eq!(trace.pieces, [[Point { x: 0.0, y: 99.0 }, Point { x: 10.0, y: 98.0 }]]);
        assert_eq!(trace.dots, [Point { x: 30.0, y: 97.0 }]);
        assert_eq!(trace.infinite, [Point { x: 40.0, y: 0.0 }]);
    }

    #[test]
    fn what_leaves_the_frame_is_cut_where_it_leaves() {
        let trace = traced(&[0.0, 50.0, 100.0], &[0.0, 200.0, 0.0], 1.0);
        assert_eq!(
            trace.pieces,
            [[Point { x: 0.0, y: 100.0 }, Point { x: 25.0, y: 0.0 }], [Point { x: 75.0, y: 0.0 }, Point { x: 100.0, y: 100.0 }],]
        );
    }

    #[test]
    fn thinning_keeps_each_spike() {
        let x: Vec<f64> = (0..100_000).map(|place| f64::from(place) / 1000.0).collect();
        let mut y = vec![50.0; x.len()];
        (y[12_345], y[77_777]) = (90.0, 10.0);
        let trace = traced(&x, &y, 1.0);
        let heights: Vec<f64> = trace.pieces[0].iter().map(|point| point.y).collect();
        assert!(heights.len() <= 400, "{}", heights.len());
        assert!(heights.contains(&10.0) && heights.contains(&90.0), "both spikes are there");
    }

    #[test]
    fn a_band_is_cut_to_the_frame() {
        let band = Band::new([0.0, 100.0], [-50.0, -50.0], [50.0, 150.0]);
        let axis = || Axis::default().with_low(0.0).with_high(100.0);
        let chart = Chart::new(axis(), axis()).with_series(Series::new("").with_band(band.clone()));
        let areas = areas(&band, &View::of(&chart).unwrap(), FRAME, FRAME, 1.0);
        assert_eq!(areas.len(), 1);
        assert!(areas[0].iter().all(|corner| FRAME.contains(*corner)));
        assert!(areas[0].contains(&Point { x: 50.0, y: 0.0 }), "{areas:?}");
    }
}
