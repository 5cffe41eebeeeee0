//! Benchmarks of runlake: the inner loops, and whole jobs beside the official SDK.
