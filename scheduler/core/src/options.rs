//! Every number that a decision depends on, each with its reason.

/// How fast a host may be asked: one request every `interval_us`, of which `burst` may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Microseconds between two requests in the long run; zero is read as one.
    pub interval_us: u64,
    /// Requests that may go out together after a pause; zero is read as one.
    pub burst: u32,
}

impl Budget {
    /// `per_s` requests a second, `burst` of them at once.
    #[must_use]
    pub const fn per_second(per_s: u32, burst: u32) -> Self {
        let per_s = if per_s == 0 { 1 } else { per_s as u64 };
        Self { interval_us: 1_000_000 / per_s, burst }
    }
}

/// The numbers of the scheduler. [`Options::default`] has a reason for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// A lease ends this long after the worker's last sign of life. Ten seconds are three missed heartbeats and a
    /// pause of some kind; shorter, and a stalled disk would requeue healthy work.
    pub lease_ttl_ms: u64,
    /// After a broken stream a worker may announce its attempts again for this long before they are requeued. Long
    /// enough for a reconnect, short enough that the work of a killed worker runs again within a second.
    pub reconnect_grace_ms: u64,
    /// Failed attempts before the dead letter state. With the backoff below five span about half a minute of outage.
    pub attempts_max: u8,
    /// Lost leases (killed workers) before the dead letter state. More than `attempts_max`, since most are not the
    /// task's fault; not without end, since some are.
    pub losses_max: u8,
    /// Throttled attempts before the dead letter state. They are the host's wish and not a failure, so many are
    /// allowed; without a bound, a host that throttles one URL for ever would hold its task for ever.
    pub throttles_max: u8,
    /// The longest first pause after a failure; doubles with each further one.
    pub backoff_base_ms: u64,
    /// The longest pause of all: ten minutes, so that a host that was away for a night is found again soon.
    pub backoff_cap_ms: u64,
    /// The lanes' shares of slot time while all of them want some, most urgent first. A lane's floor is its weight over
    /// the sum: bulk gets one part in 89 however many paid tasks wait. Zero is read as one.
    pub lane_weights: [u32; 4],
    /// How long a ready task of each lane waits for room, while its host may be asked, before it displaces a running
    /// attempt of a lesser lane; none for never. Paid work displaces after two milliseconds: a slot that frees itself
    /// within that time costs less than a suspension. Who pays nothing displaces nobody.
    pub displace_after_ms: [Option<u64>; 4],
    /// An attempt is not displaced before it was in its slot for this long, after its start and after each time that
    /// it was resumed. Five milliseconds: it has begun to do something (the assignment has reached it), and a paid
    /// task that finds only such attempts waits little longer than it would anyway.
    pub min_run_ms: u64,
    /// No task is displaced more often than this in one epoch, however often it is tried; zero displaces nobody. Three
    /// suspensions cost an attempt little; without a bound a busy paid lane could keep one task from ever ending.
    pub displaced_max: u8,
    /// At most this part of the slots, in thousandths and always at least one slot, holds attempts that may not be
    /// displaced: those displaced often enough, and those that a lane started by its share while a more urgent lane
    /// waited. Half, so that the other half is always in reach of paid work; the lesser lanes' shares together are a
    /// good quarter, which fits into it with room for chance.
    pub protected_permille: u16,
    /// The parts of the slots, in thousandths and rounded down, to which displacing never drives a lane. A tenth
    /// together; of a hundred slots bulk work keeps one. Small pools have no such floors, only shares in time.
    pub lane_floors_permille: [u16; 4],
    /// Suspended attempts of one worker, and no more than it has slots: each holds memory there. Eight rows of paid
    /// work on one worker are a lot; beyond that other workers give.
    pub suspended_max: u16,
    /// A slot to which a suspended attempt may return rests this long after paid work came or went there, so that a
    /// client which asks one thing after the other finds it free and nobody is suspended and resumed in turns. Longer
    /// than a client's way there and back.
    pub calm_ms: u64,
    /// An attempt that was suspended for this long goes back to the head of its queue, with its checkpoint. As long as
    /// the longest ordinary work: what has not returned by then may as well go on elsewhere.
    pub hand_back_ms: u64,
    /// The longest checkpoint, in bytes, as the protocol has it; a longer one is not kept.
    pub checkpoint_max: usize,
    /// Checkpoints of all tasks together, in bytes. When they are full new ones are not kept, and their work counts as
    /// not saved.
    pub checkpoints_max: usize,
    /// Of the permits that a host grants while attempts wait for it, one in this many goes to the attempt that waited
    /// longest, whatever its lane. The rest goes by lane; this keeps the lesser lanes' attempts from hanging.
    pub permit_floor_every: u32,
    /// Jobs held at once, over all clients. At some 50 bytes a job this is a gigabyte.
    pub queue_max: u64,
    /// A client may hold at most this many times the room that is left, so that one who floods never fills the queue
    /// for others: four leaves a fifth to the rest.
    pub client_room_factor: u64,
    /// What a refused client is told to wait. Long enough that a refused flood costs little.
    pub full_retry_after_ms: u64,
    /// Jobs of each lane that wait for one task. They are closed in one commit, so four times this bounds the commit. By
    /// lane, so that those who pay nothing cannot take the room of those who do.
    pub attached_max: usize,
    /// How far ahead a job's not-before may be. A year: more likely a unit was mistaken than that somebody plans so far.
    pub delay_max_ms: u64,
    /// Hosts with budgets. Each costs some hundred bytes and a step in some scans.
    pub hosts_max: u16,
    /// A host that is not configured is forgotten when nobody asked it for this long. An hour: far longer than any request
    /// takes, and a budget is full long before; a crawl that comes back within it finds what was learned of the host.
    pub host_idle_ms: u64,
    /// A permit is void this long after it reached the worker, so that saved-up permits cannot burst later.
    pub permit_ttl_ms: u64,
    /// Where requests under way are counted, one counts no longer than this if its worker does not say that it ended: a
    /// permit's time and the longest that a worker lets a request take.
    pub request_max_ms: u64,
    /// Permit requests of one attempt that wait at once; the parallel requests of one attempt, with room to spare.
    pub permits_waiting_max: usize,
    /// The budget of a host that nobody set one for: gentle enough for any public origin.
    pub default_budget: Budget,
    /// The pause after a 429 without Retry-After; doubles with each one that comes before the host has its full pace
    /// again, up to `backoff_cap_ms`.
    pub throttle_default_ms: u64,
    /// The longest Retry-After that is believed: a Retry-After of a year is somebody's mistake.
    pub throttle_cap_ms: u64,
    /// After a throttle a host is asked at half of its pace; at most every this many milliseconds, and only if it has
    /// answered well meanwhile, it is asked an eighth faster, until it has its budget again.
    pub pace_recovery_ms: u64,
    /// Assignments and permits of one [`dispatch`](crate::Scheduler::dispatch); more would hold up the inbox behind it.
    pub dispatch_max: usize,
    /// Timers of each sort that one [`tick`](crate::Scheduler::tick) handles, for the same reason.
    pub tick_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease_ttl_ms: 10_000,
            reconnect_grace_ms: 500,
            attempts_max: 5,
            losses_max: 10,
            throttles_max: 50,
            backoff_base_ms: 1_000,
            backoff_cap_ms: 10 * 60_000,
            lane_weights: [64, 16, 8, 1],
            displace_after_ms: [Some(2), None, None, None],
            min_run_ms: 5,
            displaced_max: 3,
            protected_permille: 500,
            lane_floors_permille: [0, 60, 30, 10],
            suspended_max: 8,
            calm_ms: 50,
            hand_back_ms: 30_000,
            checkpoint_max: 64 * 1_024,
            checkpoints_max: 256 * 1_024 * 1_024,
            permit_floor_every: 16,
            queue_max: 20_000_000,
            client_room_factor: 4,
            full_retry_after_ms: 5_000,
            attached_max: 1_024,
            delay_max_ms: 366 * 24 * 3_600_000,
            hosts_max: 1_024,
            host_idle_ms: 3_600_000,
            permit_ttl_ms: 5_000,
            request_max_ms: 305_000,
            permits_waiting_max: 64,
            default_budget: Budget { interval_us: 100_000, burst: 10 },
            throttle_default_ms: 5_000,
            throttle_cap_ms: 24 * 3_600_000,
            pace_recovery_ms: 10_000,
            dispatch_max: 256,
            tick_max: 4_096,
        }
    }
}
