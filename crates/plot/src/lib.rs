//! Charts of curves with bands: SVG, PNG and terminal, the same bytes for the same data. Knows neither tables nor runs: numbers in,
//! pictures out.
//!
//! ```
//! use runlake_plot::{Axis, Band, Chart, Line, Scale, Series, Size};
//!
//! let steps: Vec<f64> = (1..=100).map(f64::from).collect();
//! let mean: Vec<f64> = steps.iter().map(|step| 2.0 / step.sqrt()).collect();
//! let (low, high): (Vec<f64>, Vec<f64>) = mean.iter().map(|mean| (mean * 0.8, mean * 1.25)).unzip();
//! let chart = Chart::new(Axis::new("step"), Axis::new("val.loss").with_scale(Scale::Log))
//!     .with_series(Series::new("adam, 5 seeds").with_line(Line::new(steps.clone(), mean)).with_band(Band::new(steps, low, high)));
//!
//! let svg: String = chart.to_svg(Size::default())?;
//! let png: Vec<u8> = chart.to_png(Size::new(640, 400), 2.0)?;
//! let text: String = chart.to_terminal(80, 24, true)?;
//! # Ok::<(), runlake_plot::Error>(())
//! ```
//!
//! | to find | look in |
//! |---|---|
//! | what a chart is made of | [`Chart`], [`Axis`], [`Series`] |
//! | how it is drawn | [`Chart::to_svg`], [`Chart::to_png`], [`Chart::to_terminal`] |
//! | which values an axis shows | `view` |
//! | which values an axis names, and how | `ticks` |
//! | where lines are cut and thinned out | `trace` |
//! | where things stand in a picture | `layout` |

mod ansi;
mod axis;
mod chart;
mod elements;
mod error;
mod layout;
mod palette;
mod png;
mod series;
mod size;
mod svg;
mod terminal;
mod text;
mod ticks;
mod trace;
mod view;

pub use axis::{Axis, Scale};
pub use chart::Chart;
use error::Result;

pub use error::{Error, ErrorKind};
pub use palette::{Colour, Dash};
pub use series::{Band, Line, Series};
pub use size::Size;
