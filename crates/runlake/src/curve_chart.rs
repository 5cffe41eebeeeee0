//! Curves of runs as a picture: a line for each run, or for each group with a band around it.

use runlake_curves::Aligned;
use runlake_curves::statistics::{Bootstrap, Statistic};
use runlake_plot::{Axis, Band, Chart, Line, Scale, Series};
use runlake_query::{AlignedCurves, Error, GroupBy, Smoothing};

/// Runs that have a line and a name of their own; more are one series of thin lines.
const NAMED_RUNS: usize = 12;

/// What is drawn around the middle of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Around {
    /// The middle less a statistic to the middle and it, such as [`Statistic::Std`] and [`Statistic::Sem`].
    Deviation(Statistic),
    /// From one statistic to another, such as two quantiles.
    Between(Statistic, Statistic),
    /// Nothing.
    Nothing,
}

impl Around {
    /// Reads `std`, `sem`, `minmax`, `iqr`, `ci95`, two names of statistics such as `p10-p90`, or `none`.
    ///
    /// # Errors
    /// For names that are no statistics.
    pub fn parse(text: &str) -> Result<Self, runlake_curves::Error> {
        Ok(match text {
            "none" => Self::Nothing,
            "std" => Self::Deviation(Statistic::Std),
            "sem" => Self::Deviation(Statistic::Sem),
            "minmax" => Self::Between(Statistic::Min, Statistic::Max),
            "iqr" => Self::Between(Statistic::Quantile(0.25), Statistic::Quantile(0.75)),
            "ci95" => Self::Between(Statistic::BootstrapLow(Bootstrap::default()), Statistic::BootstrapHigh(Bootstrap::default())),
            names => match names.split_once('-') {
                Some((low, high)) => Self::Between(low.parse()?, high.parse()?),
                None => Self::Deviation(names.parse()?),
            },
        })
    }

    fn statistics(self) -> Vec<Statistic> {
        match self {
            Self::Deviation(statistic) => vec![statistic],
            Self::Between(low, high) => vec![low, high],
            Self::Nothing => Vec::new(),
        }
    }
}

/// How curves are drawn.
///
/// ```
/// # use runlake::lake::import::{ImportOptions, import};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits");
/// # let lake = runlake::lake::Lake::open_or_create(runlake::lake::Location::folder(folder.path())?).await?;
/// # import(&lake, &[logs], &ImportOptions::default(), &mut |_| {}).await?;
/// use runlake::prelude::*;
/// use runlake::{Around, CurveChart, plot::Size};
///
/// let project = lake.projects().await?.remove(0);
/// let curves = CurveQuery::new(Selection::of(project), [KeyPattern::exact("val.acc")]).read(&lake).await?;
/// let chart = CurveChart::new().with_groups(GroupBy::parse(["config.lr"])?).with_around(Around::parse("p10-p90")?).draw(&curves)?;
/// assert!(chart.to_svg(Size::default())?.contains("config.lr=0.1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CurveChart {
    groups: Option<GroupBy>,
    middle: Statistic,
    around: Around,
    smoothing: Option<Smoothing>,
    x_scale: Scale,
    y_scale: Scale,
    title: Option<String>,
}

impl Default for CurveChart {
    fn default() -> Self {
        Self::new()
    }
}

impl CurveChart {
    /// A line for each run, on linear axes.
    pub fn new() -> Self {
        Self {
            groups: None,
            middle: Statistic::Mean,
            around: Around::Deviation(Statistic::Std),
            smoothing: None,
            x_scale: Scale::Linear,
            y_scale: Scale::Linear,
            title: None,
        }
    }

    /// A line for each group of runs, with a band.
    #[must_use]
    pub fn with_groups(mut self, groups: GroupBy) -> Self {
        self.groups = Some(groups);
        self
    }

    /// The statistic that is a group's line, by default the mean.
    #[must_use]
    pub fn with_middle(mut self, middle: Statistic) -> Self {
        self.middle = middle;
        self
    }

    /// What is drawn around it, by default the standard deviation.
    #[must_use]
    pub fn with_around(mut self, around: Around) -> Self {
        self.around = around;
        self
    }

    /// Smooths lines and bands; the lines as they are stand faintly behind.
    #[must_use]
    pub fn with_smoothing(mut self, smoothing: Smoothing) -> Self {
        self.smoothing = Some(smoothing);
        self
    }

    /// The scales of the axes.
    #[must_use]
    pub fn with_scales(mut self, x: Scale, y: Scale) -> Self {
        (self.x_scale, self.y_scale) = (x, y);
        self
    }

    /// A title above the picture.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The picture of these curves. Places at which a curve has no value are passed over by its line; NaN breaks it.
    ///
    /// # Errors
    /// As [`AlignedCurves::group_curves`], and for smoothing with a parameter that is not allowed.
    pub fn draw(&self, curves: &AlignedCurves) -> Result<Chart, Error> {
        let keys = curves.keys();
        let several = keys.len() > 1;
        let label = if several { String::new() } else { keys.first().map(|key| key.path.dotted()).unwrap_or_default() };
        let x = Axis::new(curves.axis().name()).with_scale(self.x_scale);
        let mut chart = Chart::new(x, Axis::new(label).with_scale(self.y_scale));
        chart.title.clone_from(&self.title);
        let series = match &self.groups {
            Some(by) => self.groups_as_series(curves, by)?,
            None => self.runs_as_series(curves)?,
        };
        chart.series = series;
        Ok(chart)
    }

    fn groups_as_series(&self, curves: &AlignedCurves, by: &GroupBy) -> Result<Vec<Series>, Error> {
        let statistics: Vec<Statistic> = std::iter::once(self.middle).chain(self.around.statistics()).collect();
        let several = curves.keys().len() > 1;
        let mut made = Vec::new();
        for group in curves.group_curves(by, &statistics)? {
            let runs = group.group.runs.len();
            let label = format!("{} ({runs} {})", group.group.label(by), if runs == 1 { "run" } else { "runs" });
            let series =
                self.series(if several { format!("{} {label}", group.key) } else { label }, curves.places(), &[&group.statistics[0]])?;
            let band = match (self.around, &group.statistics[1..]) {
                (Around::Deviation(_), [width]) => {
                    let shifted = |sign: f64| {
                        let values = group.statistics[0].iter().zip(width.iter());
                        values.map(|(middle, width)| Some(sign.mul_add(width?, middle?))).collect::<Aligned>()
                    };
                    Some((shifted(-1.0), shifted(1.0)))
                }
                (Around::Between(..), [low, high]) => Some((low.clone(), high.clone())),
                _ => None,
            };
            made.push(match band {
                Some((low, high)) => series.with_band(self.band(curves.places(), &low, &high)?),
                None => series,
            });
        }
        Ok(made)
    }

    fn runs_as_series(&self, curves: &AlignedCurves) -> Result<Vec<Series>, Error> {
        let several = curves.keys().len() > 1;
        let mut made = Vec::new();
        for (at, key) in curves.keys().iter().enumerate() {
            let of_key: Vec<_> = curves.runs().iter().zip(curves.curves(at)).filter(|(_, curve)| !curve.is_all_none()).collect();
            if of_key.len() > NAMED_RUNS {
                let label = format!("{} ({} runs)", key.path.dotted(), of_key.len());
                let lines: Vec<&Aligned> = of_key.iter().map(|(_, curve)| *curve).collect();
                made.push(self.series(label, curves.places(), &lines)?);
                continue;
            }
            for (run, curve) in of_key {
                let name = run.record.display_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&run.record.path.run_id);
                let label = if several { format!("{} {name}", key.path.dotted()) } else { name.to_owned() };
                made.push(self.series(label, curves.places(), &[curve])?);
            }
        }
        Ok(made)
    }

    /// One series of these lines, smoothed with the lines as they are behind when that is asked for.
    fn series(&self, name: String, places: &[f64], lines: &[&Aligned]) -> Result<Series, Error> {
        let mut series = Series::new(name);
        for line in lines {
            series = match self.smoothing {
                Some(smoothing) => series.with_raw(line_of(places, line)).with_line(line_of(places, &smoothing.of_aligned(line)?)),
                None => series.with_line(line_of(places, line)),
            };
        }
        Ok(series)
    }

    fn band(&self, places: &[f64], low: &Aligned, high: &Aligned) -> Result<Band, Error> {
        let (low, high) = match self.smoothing {
            Some(smoothing) => (smoothing.of_aligned(low)?, smoothing.of_aligned(high)?),
            None => (low.clone(), high.clone()),
        };
        let both = places.iter().zip(low.iter().zip(high.iter())).filter_map(|(x, (low, high))| Some((*x, low?, high?)));
        let mut band = Band::default();
        for (x, low, high) in both {
            band.x.push(x);
            band.low.push(low);
            band.high.push(high);
        }
        Ok(band)
    }
}

fn line_of(places: &[f64], values: &Aligned) -> Line {
    let (x, y): (Vec<f64>, Vec<f64>) = places.iter().zip(values.iter()).filter_map(|(x, y)| Some((*x, y?))).unzip();
    Line::new(x, y)
}
