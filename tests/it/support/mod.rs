//! Real processes of the program on loopback, and what tests need around them.
//!
//! A test must see what a user sees and nothing of the user whose machine it runs on. So every process gets an empty
//! environment and a home directory of its own ([`Place`]), finds its ports itself and says them in its first line of
//! JSON, and is killed by its id when its guard goes, also when a test fails: then its log is shown.

// Each module takes what it needs of this.
#![allow(dead_code, unused_imports)]

// The same authority that the channels are tested with.
#[path = "../../../cluster/tests/authority/mod.rs"]
pub(crate) mod authority;
pub(crate) mod documents;
pub(crate) mod http;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod registry;
pub(crate) mod rpc;
pub(crate) mod stage;

pub(crate) use self::process::Process;
pub(crate) use self::program::{Ended, Place, Program};
pub(crate) use self::registry::{Answer, Asked, Registry};
pub(crate) use self::stage::{Addresses, Answered, Replay, Scheduler, Worker};
