//! Chance that can be repeated: the same seed, the same draws.

/// A generator of numbers (`SplitMix64`, as Steele, Lea and Flood describe it in "Fast splittable pseudorandom number
/// generators", 2014). Not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// Makes the dice of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Makes the dice whose first draw is the one that the dice of `seed` make after `draws` others.
    pub(crate) const fn after(seed: u64, draws: u64) -> Self {
        Self { state: seed.wrapping_add(draws.wrapping_mul(STEP)) }
    }

    /// Draws any number.
    pub(crate) const fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Draws a number from 0 to `bound`, which is not among them; 0 when that is 0.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        // The tiny preference for small numbers does not matter here.
        self.draw() % if bound == 0 { 1 } else { bound }
    }

    /// Draws a fraction from 0 to 1, which is not among them.
    pub(crate) const fn fraction(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let drawn = (self.draw() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn
    }

    /// Picks one of some things; nothing from nothing.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let place = self.below(u64::try_from(from.len()).unwrap_or(u64::MAX));
        from.get(usize::try_from(place).unwrap_or(0))
    }

    /// Puts things into an order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            let other = self.below(u64::try_from(end).unwrap_or(0) + 1);
            things.swap(end, usize::try_from(other).unwrap_or(end));
        }
    }
}

/// The distance between two states.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_the_same_every_time() {
        let mut dice = Dice::new(7);
        let drawn: Vec<f64> = (0..10_000).map(|_| dice.fraction()).collect();
        let below = drawn.iter().filter(|drawn| **drawn < 0.3).count();
        assert!((2_850..3_150).contains(&below), "{below}");
        assert!(drawn.iter().all(|drawn| (0.0..1.0).contains(drawn)));
        assert_eq!(Dice::after(7, 1_234).fraction().to_bits(), drawn[1_234].to_bits());
        assert_ne!(Dice::new(8).draw(), Dice::new(7).draw());
    }

    #[test]
    fn a_shuffled_pack_is_still_whole() {
        let mut pack: Vec<u32> = (0..52).collect();
        Dice::new(1).shuffle(&mut pack);
        assert_ne!(pack, (0..52).collect::<Vec<_>>());
        pack.sort_unstable();
        assert_eq!(pack, (0..52).collect::<Vec<_>>());
        assert_eq!(Dice::new(1).pick::<u8>(&[]), None);
    }
}
