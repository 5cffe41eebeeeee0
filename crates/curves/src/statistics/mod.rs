//! Statistics over the values of a group: which there are, of one set of values, and of many curves place by place.
//!
//! | to | use |
//! |---|---|
//! | name a statistic, or read its name | [`Statistic`] |
//! | compute several of one set of values | [`Summariser`] |
//! | compute several over curves, at every place | [`band`] |

mod band;
mod bootstrap;
mod order;
mod quantile;
mod statistic;
mod summariser;

pub use band::band;
pub(crate) use quantile::quantile;
pub use statistic::{Bootstrap, Statistic};
pub use summariser::Summariser;
