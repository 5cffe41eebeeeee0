//! Chance that is the same in every run of a test, and how often a test tries it.

/// How often to repeat what is up to chance: `normally`, or `slowly` often when `RUNLAKE_SLOW_TESTS` is set, as `cargo xtask test --slow` does.
pub fn repeats(normally: u32, slowly: u32) -> u32 {
    if std::env::var_os("RUNLAKE_SLOW_TESTS").is_some_and(|value| !value.is_empty() && value != "0") { slowly } else { normally }
}

/// Numbers from 0 up to 1 that depend on nothing but the seed, made by splitmix64 (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        f64::from(u32::try_from(bits >> 32).expect("32 bits are left")) / f64::from(u32::MAX)
    }
}
