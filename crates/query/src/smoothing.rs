//! Smoothing as it is asked for.

use std::fmt;
use std::str::FromStr;

use runlake_curves::smooth::{ema, gaussian, rolling_mean};
use runlake_curves::{Aligned, Curve};

use crate::{Error, ErrorKind};

/// How a curve is smoothed, point by point in the order of its axis. What each does with NaN and the infinities is said in
/// [`runlake_curves::smooth`].
///
/// ```
/// use runlake_query::Smoothing;
/// assert_eq!("ema:0.9".parse::<Smoothing>()?, Smoothing::Ema { weight: 0.9 });
/// assert_eq!("rolling:20".parse::<Smoothing>()?.to_string(), "rolling:20");
/// assert!("ema:2".parse::<Smoothing>().is_err());
/// # Ok::<(), runlake_query::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Smoothing {
    /// The debiased exponential moving average that W&B and `TensorBoard` draw.
    Ema {
        /// The weight of what came before, from 0 (no smoothing) to below 1.
        weight: f64,
    },
    /// The mean of so many points, this one the last.
    Rolling {
        /// How many points.
        window: usize,
    },
    /// The mean of the points around, weighted by a bell.
    Gaussian {
        /// The bell's standard deviation, in points.
        sigma: f64,
    },
}

impl Smoothing {
    /// The values smoothed.
    ///
    /// # Errors
    /// [`ErrorKind::Curves`] for a parameter that is not allowed.
    pub fn of(self, y: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(match self {
            Self::Ema { weight } => ema(y, weight)?,
            Self::Rolling { window } => rolling_mean(y, window)?,
            Self::Gaussian { sigma } => gaussian(y, sigma)?,
        })
    }

    pub(crate) fn of_curve(self, curve: &Curve) -> Result<Curve, Error> {
        Ok(Curve::new(curve.x().to_vec(), self.of(curve.y())?))
    }

    /// The values that are there, smoothed as if they stood side by side.
    ///
    /// # Errors
    /// As [`Smoothing::of`].
    pub fn of_aligned(self, values: &Aligned) -> Result<Aligned, Error> {
        let there: Vec<f64> = values.iter().flatten().collect();
        let mut smoothed = self.of(&there)?.into_iter();
        Ok(values.iter().map(|value| value.and_then(|_| smoothed.next())).collect())
    }
}

impl FromStr for Smoothing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong =
            |reason: &str| Error::from(ErrorKind::Argument { what: "smoothing", value: text.to_owned(), reason: reason.to_owned() });
        let (name, parameter) = text.split_once(':').ok_or_else(|| wrong("it is written ema:0.9, rolling:20 or gaussian:3"))?;
        let number = || parameter.parse().map_err(|_unread| wrong("what stands after the colon is not a number"));
        let smoothing = match name {
            "ema" => Self::Ema { weight: number()? },
            "gaussian" => Self::Gaussian { sigma: number()? },
            "rolling" => Self::Rolling { window: parameter.parse().map_err(|_unread| wrong("a window is a whole number of points"))? },
            _ => return Err(wrong("it is one of ema, rolling and gaussian")),
        };
        smoothing.of(&[])?;
        Ok(smoothing)
    }
}

impl fmt::Display for Smoothing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ema { weight } => write!(formatter, "ema:{weight}"),
            Self::Rolling { window } => write!(formatter, "rolling:{window}"),
            Self::Gaussian { sigma } => write!(formatter, "gaussian:{sigma}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_stay_where_they_were() {
        let values: Aligned = [None, Some(1.0), None, Some(3.0)].into_iter().collect();
        let smoothed = Smoothing::Rolling { window: 2 }.of_aligned(&values).unwrap();
        assert_eq!(smoothed.iter().collect::<Vec<_>>(), [None, Some(1.0), None, Some(2.0)]);
    }

    #[test]
    fn slips_of_the_pen_are_told() {
        let told = |text: &str| text.parse::<Smoothing>().unwrap_err().to_string();
        assert_eq!(told("0.9"), "smoothing cannot be 0.9: it is written ema:0.9, rolling:20 or gaussian:3");
        assert_eq!(told("mean:3"), "smoothing cannot be mean:3: it is one of ema, rolling and gaussian");
        assert_eq!(told("rolling:0.5"), "smoothing cannot be rolling:0.5: a window is a whole number of points");
    }
}
