//! The jobs that are decided about: of sixteen clients in all four lanes, spread over the hosts, no two alike.

use gleaner_core::{Ask, Budget, ClientIndex, HostIndex, Moment, Needs, Scheduler, TargetKey};
use gleaner_model::{ClientName, JobId, Lane, Timestamp};

use crate::Hosts;

/// Clients that ask.
const CLIENTS: u64 = 16;

/// Hosts where there is more than one.
const HOSTS: u64 = 1_000;

/// What the jobs need, and the worker can do.
pub(crate) const NEEDS: Needs = Needs(1);

/// Makes jobs, and hands them to a scheduler.
pub(crate) struct Load {
    clients: Vec<ClientIndex>,
    hosts: Vec<HostIndex>,
    next: u64,
}

/// What a host of the load may be asked.
pub(crate) fn budget(hosts: Hosts) -> Budget {
    match hosts {
        Hosts::One | Hosts::Many => Budget { interval_us: 1, burst: u32::MAX },
        Hosts::Paced => Budget::per_second(100, 10),
    }
}

/// The moment this many milliseconds after the start.
pub(crate) fn at(ms: u64) -> Moment {
    Moment { wall: Timestamp::from_millis(1_770_000_000_000).plus_ms(ms), mono_ms: ms }
}

/// A number that looks random (the finaliser of splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// One of `all`, as `bits` say.
fn one_of<T: Copy>(all: &[T], bits: u64) -> T {
    let count = u64::try_from(all.len()).expect("few");
    all[usize::try_from(bits % count).expect("less than their number")]
}

impl Load {
    /// Registers clients and hosts.
    pub(crate) fn new(core: &mut Scheduler, hosts: Hosts) -> Self {
        let name = |client| format!("client-{client:02}").parse::<ClientName>().expect("letters and digits");
        let clients = (0..CLIENTS).map(|client| core.client(&name(client), 1)).collect();
        let count = if hosts == Hosts::One { 1 } else { HOSTS };
        let host = |host| format!("host-{host}.invalid").parse().expect("a host's name");
        let hosts = (0..count).map(|nth| core.host(&host(nth)).expect("room for its budget")).collect();
        Self { clients, hosts, next: 1 }
    }

    /// Hands over one more job.
    pub(crate) fn submit(&mut self, core: &mut Scheduler, now: Moment) {
        let number = self.next;
        self.next += 1;
        let bits = mix(number);
        let ask = Ask {
            job: JobId(number),
            client: one_of(&self.clients, bits),
            lane: one_of(&Lane::ALL, bits >> 16),
            host: one_of(&self.hosts, bits >> 24),
            needs: NEEDS,
            target: TargetKey(u128::from(bits) << 64 | u128::from(mix(bits))),
            max_age_ms: 0,
            expires_at: None,
        };
        core.submit(ask, now).expect("there is room");
    }
}
