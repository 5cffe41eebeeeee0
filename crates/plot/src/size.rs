//! The size of a picture.

use crate::{ErrorKind, Result};

/// The width and height of a picture, in CSS pixels: what an SVG is drawn in, and a PNG of scale 1 has. By default 960 × 540.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

const LEAST: Size = Size { width: 320, height: 200 };
const MOST_SIDE: u32 = 8192;
const MOST_PIXELS: u64 = 64_000_000;

impl Default for Size {
    fn default() -> Self {
        Self { width: 960, height: 540 }
    }
}

impl Size {
    /// A size of choice.
    pub fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    pub(crate) fn check(self) -> Result<()> {
        let fits = (LEAST.width..=MOST_SIDE).contains(&self.width) && (LEAST.height..=MOST_SIDE).contains(&self.height);
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let possible = format!("from {} × {} to {MOST_SIDE} × {MOST_SIDE} pixels", LEAST.width, LEAST.height);
        if fits { Ok(()) } else { Err(ErrorKind::Size { width, height, unit: "pixels", possible }.into()) }
    }

    /// The pixels of a PNG of this size.
    pub(crate) fn scaled(self, scale: f64) -> Result<Self> {
        self.check()?;
        if !(scale.is_finite() && scale > 0.0) {
            return Err(ErrorKind::PngScale { scale }.into());
        }
        let (width, height) = (pixels(self.width, scale), pixels(self.height, scale));
        match (u32::try_from(width), u32::try_from(height)) {
            (Ok(width @ 1..), Ok(height @ 1..)) if u64::from(width) * u64::from(height) <= MOST_PIXELS => Ok(Self { width, height }),
            _ => {
                let possible = format!("from 1 to {MOST_PIXELS} pixels; use another scale");
                Err(ErrorKind::Size { width, height, unit: "pixels", possible }.into())
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and positive; `as` stops at the greatest u64")]
fn pixels(length: u32, scale: f64) -> u64 {
    (f64::from(length) * scale).round() as u64
}
