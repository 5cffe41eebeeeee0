//! Smoother curves: as many values as there are points, in their order.
//!
//! | to smooth as | use |
//! |---|---|
//! | `TensorBoard` does, and W&B by "exponential moving average" | [`ema`] |
//! | W&B does by default, "time weighted EMA" | [`time_weighted_ema`] |
//! | `pandas` does by `rolling(window, min_periods=1).mean()` | [`rolling_mean`] |
//! | `scipy` does by `gaussian_filter1d(mode="nearest")` | [`gaussian`] |

mod ema;
mod gaussian;
mod rolling_mean;

pub use ema::{ema, time_weighted_ema};
pub use gaussian::gaussian;
pub use rolling_mean::rolling_mean;
