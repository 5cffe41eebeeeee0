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
const SCALES: std::ops::RangeInclusive<f64> = 0.1..=16.0;

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
        if !SCALES.contains(&scale) {
            return Err(ErrorKind::PngScale { scale }.into());
        }
        let scaled = Self { width: pixels(self.width, scale), height: pixels(self.height, scale) };
        let (width, height) = (u64::from(scaled.width), u64::from(scaled.height));
        if width * height > MOST_PIXELS {
            let possible = format!("at most {} million pixels; use a smaller size or scale", MOST_PIXELS / 1_000_000);
            return Err(ErrorKind::Size { width, height, unit: "pixels", possible }.into());
        }
        Ok(scaled)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a checked length times a checked scale")]
fn pixels(length: u32, scale: f64) -> u32 {
    (f64::from(length) * scale).round() as u32
}
