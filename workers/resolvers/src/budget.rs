//! How far a resolution may go, and when it stands aside.
//!
//! Some inputs take a search for ever, and paid work may need the processor now. Every resolver therefore counts its
//! steps here: a piece of work of at most some microseconds, such as one candidate looked at.

/// Steps between two pauses: under a millisecond of work.
pub const PAUSE_STEPS: u32 = 64;

/// What a pause is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// End: nobody wants the answer any more.
    Stop,
}

/// Why a resolution ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Its steps are used up.
    Exhausted,
    /// Nobody wants the answer any more.
    Unwanted,
}

/// The steps that are left, and whom to ask at each pause.
///
/// The pause runs on the resolution's thread. It may block for as long as the resolution is suspended: all that this
/// holds is its memory.
pub struct Budget<'a> {
    granted: u64,
    left: u64,
    until_pause: u32,
    pause: &'a mut dyn FnMut() -> Flow,
}

impl<'a> Budget<'a> {
    /// A budget of so many steps; `pause` is called every [`PAUSE_STEPS`] of them.
    pub fn new(steps: u64, pause: &'a mut dyn FnMut() -> Flow) -> Self {
        Self { granted: steps, left: steps, until_pause: PAUSE_STEPS, pause }
    }

    /// Takes a step.
    ///
    /// # Errors
    /// No step is left, or the answer is unwanted.
    #[inline]
    pub fn step(&mut self) -> Result<(), Stopped> {
        self.left = self.left.checked_sub(1).ok_or(Stopped::Exhausted)?;
        self.until_pause -= 1;
        if self.until_pause == 0 { self.pause() } else { Ok(()) }
    }

    /// How many steps were taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.granted - self.left
    }

    #[cold]
    fn pause(&mut self) -> Result<(), Stopped> {
        self.until_pause = PAUSE_STEPS;
        match (self.pause)() {
            Flow::Continue => Ok(()),
            Flow::Stop => Err(Stopped::Unwanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end() {
        let mut pauses = 0;
        let mut pause = || {
            pauses += 1;
            Flow::Continue
        };
        let mut budget = Budget::new(u64::from(PAUSE_STEPS) * 2 + 1, &mut pause);
        while budget.step().is_ok() {}
        assert_eq!(budget.step(), Err(Stopped::Exhausted));
        assert_eq!(budget.taken(), u64::from(PAUSE_STEPS) * 2 + 1);
        assert_eq!(pauses, 2);
    }

    #[test]
    fn a_pause_can_end_it() {
        let mut pause = || Flow::Stop;
        let mut budget = Budget::new(u64::MAX, &mut pause);
        let end = (0..=PAUSE_STEPS).find_map(|_| budget.step().err());
        assert_eq!((end, budget.taken()), (Some(Stopped::Unwanted), u64::from(PAUSE_STEPS)));
    }
}
