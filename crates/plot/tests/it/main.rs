//! Charts as their users get them: the structure of SVG, the pixels of PNG, the text of terminals, and that no data whatever panic.
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod any_data;
mod pixels;
mod structure;
mod terminal;

use runlake_plot::{Axis, Band, Chart, Line, Series};

/// Two groups with bands, of a few points.
fn two_groups() -> Chart {
    let steps = [0.0, 100.0, 200.0, 300.0];
    Chart::new(Axis::new("step"), Axis::new("loss"))
        .with_title("Two groups")
        .with_series(Series::new("adam").with_line(Line::new(steps, [2.0, 1.0, 0.6, 0.5])).with_band(Band::new(
            steps,
            [1.8, 0.8, 0.5, 0.4],
            [2.2, 1.2, 0.7, 0.6],
        )))
        .with_series(Series::new("sgd").with_line(Line::new(steps, [2.1, 1.7, 1.4, 1.2])))
}

/// One series of these points, on axes without labels.
fn points(x: &[f64], y: &[f64]) -> Chart {
    Chart::new(Axis::default(), Axis::default()).with_series(Series::new("").with_line(Line::new(x, y)))
}
