//! The fast decoders beside the plain way that they must agree with, on generated histories.

mod columns;
mod exports;
mod history;
mod merging;
mod pages;
