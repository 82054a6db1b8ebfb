//! A small seeded generator whose sequence never changes between versions, so that worlds stay the same.

/// The `SplitMix64` generator: one 64-bit state, good enough spread for made-up data.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

/// A well-mixed value from one number; equal inputs give equal outputs.
pub(crate) const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// A generator for one purpose (`stream`) of one world (`seed`).
    pub(crate) const fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream)))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..1`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub(crate) const fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next() % n }
    }

    /// An integer in `low..=high`.
    pub(crate) const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1).unsigned_abs()).cast_signed()
    }

    /// A number in `low..high`.
    pub(crate) fn span(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(crate) const fn index(&mut self, len: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "below a length, so it fits")]
        let at = self.below(len as u64) as usize;
        at
    }

    pub(crate) const fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// An element by weight.
    pub(crate) fn weighted<'a, T>(&mut self, of: &'a [(T, f64)]) -> &'a T {
        let total: f64 = of.iter().map(|(_, weight)| weight).sum();
        let mut left = self.unit() * total;
        for (value, weight) in of {
            left -= weight;
            if left < 0.0 {
                return value;
            }
        }
        &of[of.len() - 1].0
    }

    /// A standard normal number (sum of twelve uniforms: bounded tails, no transcendental rounding).
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A log-normal number with this median.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (self.normal() * sigma).exp()
    }
}
