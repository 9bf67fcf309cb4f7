//! What a job says, in the one field of a job that takes words of the client's: the name of its package.
//!
//! A job names a package, and an npm name may have 214 bytes of letters, digits and some marks; so the payload is the
//! name: `@peers/MODE.ID.TIME.SLEEP.PAD`, 200 bytes long. It goes the whole way of a payload: into the journal with the
//! job, out of it, and to the worker. No two jobs share a name, so none joins another's work.

use std::fmt::Write;
use std::str::FromStr;

use clap::ValueEnum;

/// The scope of all names.
const SCOPE: &str = "peers";

/// Bytes of a name with its scope.
const NAME_BYTES: usize = 200;

/// Marks of which random names are made: five bits each, so that a name cannot be compressed to less than 5/8.
const MARKS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz012345";

/// What the job does besides sleeping.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing.
    N,
    /// Appends its number, when it was submitted, and when it began.
    P,
    /// Appends its number when it begins and when it ends.
    D,
}

/// With what payloads are filled up.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pad {
    /// One letter again and again, as the other systems' drivers have it.
    Letter,
    /// Random letters and digits, which cannot be compressed away.
    Noise,
}

/// What a job is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) id: u64,
    pub(crate) submitted_us: u64,
    pub(crate) sleep_ms: u64,
    pub(crate) mode: Mode,
}

impl Payload {
    /// The package's URL that says it.
    pub(crate) fn purl(&self, pad: Pad) -> String {
        let Self { id, submitted_us, sleep_ms, mode } = self;
        let letter = mode.letter();
        let mut purl = String::with_capacity(NAME_BYTES + 16);
        // Writing to a string cannot fail.
        let _ = write!(purl, "pkg:npm/%40{SCOPE}/{letter}.{id}.{submitted_us}.{sleep_ms}.");
        // `%40` is one byte of the name, and the type is none.
        let bytes = NAME_BYTES + "pkg:npm/".len() + "%40".len() - 1;
        let missing = bytes.saturating_sub(purl.len());
        match pad {
            Pad::Letter => purl.push_str(&"x".repeat(missing)),
            Pad::Noise => purl.extend(noise(*id).take(missing)),
        }
        purl
    }
}

impl Mode {
    fn letter(self) -> char {
        match self {
            Self::N => 'n',
            Self::P => 'p',
            Self::D => 'd',
        }
    }
}

/// Marks that look random, the same for the same `seed` (the generator is splitmix64).
fn noise(seed: u64) -> impl Iterator<Item = char> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
    .flat_map(|bits| (0..12).map(move |nth| mark(bits >> (nth * 5))))
}

fn mark(bits: u64) -> char {
    char::from(MARKS[usize::try_from(bits % 32).expect("less than 32")])
}

impl FromStr for Payload {
    type Err = String;

    fn from_str(purl: &str) -> Result<Self, String> {
        let wrong = || format!("`{purl}` is no job of this driver");
        let (_, name) = purl.rsplit_once('/').ok_or_else(wrong)?;
        let mut parts = name.split('.');
        let mode = match parts.next() {
            Some("n") => Mode::N,
            Some("p") => Mode::P,
            Some("d") => Mode::D,
            _ => return Err(wrong()),
        };
        let mut number = || parts.next().and_then(|part| part.parse().ok()).ok_or_else(wrong);
        Ok(Self { mode, id: number()?, submitted_us: number()?, sleep_ms: number()? })
    }
}
