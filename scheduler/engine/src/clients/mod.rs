//! Who may ask, how urgent that is, and how much: the clients file.
//!
//! ```toml
//! [lanes.free]                               # optional, as is each of its values
//! weight = 8                                 # its share of slot time while all lanes want some
//! floor_permille = 30                        # the part of the slots to which displacing never drives it
//!
//! [[client]]
//! name = "acme"
//! token_sha256 = "…64 hexadecimal digits…"   # or: token = "…"
//! lane = "paid"
//! weight = 10                                # its share of that lane, 1 if not said
//! jobs_per_s = 200                           # its quota: jobs a second in the long run; none if not said
//! burst = 2000                               # and at once after a pause; a second's worth if not said
//! ```
//!
//! Lane, weight and quota follow from the token and from nothing else: no request can claim more. The file is read while
//! the scheduler runs ([`LiveClients`]): what has changed holds for what is queued already.

mod change;
mod file;
mod live;
mod quota;

use std::collections::{BTreeMap, HashMap};

use gleaner_model::{ClientName, Lane};
use sha2::{Digest, Sha256};

pub use change::ClientsChange;
pub use file::ClientsError;
pub(crate) use live::LiveClients;
pub use quota::QuotaTerms;
pub(crate) use quota::{Allowance, OverQuota};

/// Somebody who may submit jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Who.
    pub name: ClientName,
    /// How urgent everything is that they ask for.
    pub lane: Lane,
    /// Their share of that lane, relative to the others'.
    pub weight: u32,
    /// How many jobs they may submit; none means as many as they like.
    pub quota: Option<QuotaTerms>,
}

/// What the file says of a lane; what it does not say stays as the decisions' options have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneTerms {
    /// Its share of slot time, relative to the other lanes'.
    pub weight: Option<u32>,
    /// The part of the slots, in thousandths, to which displacing never drives it.
    pub floor_permille: Option<u16>,
}

/// The SHA-256 of a token, so that a token can neither be read from memory dumps nor be found byte by byte from how long a
/// comparison takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// All clients, and the lanes.
#[derive(Clone)]
pub struct Clients {
    by_name: BTreeMap<ClientName, Client>,
    by_token: HashMap<TokenHash, ClientName>,
    anonymous: Option<Client>,
    lanes: [LaneTerms; 4],
}

impl std::fmt::Debug for Clients {
    /// Without the hashes of the tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").field("clients", &self.by_name.values()).field("lanes", &self.lanes).finish()
    }
}

impl Clients {
    /// Everybody is the same client, credentials or not: for a scheduler that only its own machine can reach.
    #[must_use]
    pub fn everybody_is(name: ClientName, lane: Lane) -> Self {
        let anonymous = Some(Client { name, lane, weight: 1, quota: None });
        Self { by_name: BTreeMap::new(), by_token: HashMap::new(), anonymous, lanes: [LaneTerms::default(); 4] }
    }

    /// Reads a clients file; whoever shows none of its tokens is refused.
    ///
    /// # Errors
    /// The text is not of the form above, or two entries share a name or a token.
    pub fn parse(text: &str) -> Result<Self, ClientsError> {
        file::parse(text)
    }

    /// Who shows this token, or none at all.
    #[must_use]
    pub fn who(&self, token: Option<&str>) -> Option<&Client> {
        self.whose(token.map(TokenHash::of))
    }

    /// The same, of a token's hash.
    pub(crate) fn whose(&self, token: Option<TokenHash>) -> Option<&Client> {
        let name = token.and_then(|token| self.by_token.get(&token));
        name.and_then(|name| self.by_name.get(name)).or(self.anonymous.as_ref())
    }

    /// Does nobody need to show a token?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.anonymous.is_some()
    }

    /// The client of this name, as it is now.
    #[must_use]
    pub fn find(&self, name: &ClientName) -> Option<Client> {
        let anonymous = || self.anonymous.as_ref().map(|client| Client { name: name.clone(), ..client.clone() });
        self.by_name.get(name).cloned().or_else(anonymous)
    }

    /// The weight of a client by name; 1 for one that the file does not have any more.
    #[must_use]
    pub fn weight_of(&self, name: &ClientName) -> u32 {
        self.by_name.get(name).map_or(1, |client| client.weight)
    }

    /// How many clients the file names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Does the file name nobody?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The lanes' weights and floors; where the file says nothing, those of `options`.
    pub(crate) fn lanes(&self, options: &gleaner_core::Options) -> ([u32; 4], [u16; 4]) {
        let weight = |lane: Lane| self.lanes[lane.index()].weight.unwrap_or(options.lane_weights[lane.index()]);
        let floor =
            |lane: Lane| self.lanes[lane.index()].floor_permille.unwrap_or(options.lane_floors_permille[lane.index()]);
        (Lane::ALL.map(weight), Lane::ALL.map(floor))
    }
}
