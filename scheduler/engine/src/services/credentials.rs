//! Who is calling, and as what.
//!
//! A call carries its token as `authorization: Bearer TOKEN`. It may also say what it takes itself for: `gleaner-client`
//! with a client's name, `gleaner-lane` with a lane. Neither gives anything: the name must be that of the token, so that a
//! caller which mixed up its tokens hears of it, and the lane may only be less urgent than the client's own, for work that
//! is in no hurry.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use gleaner_model::{ClientName, Lane};
use tokio::sync::watch;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::errors::{invalid, status};
use crate::clients::{Client, Clients, LiveClients, TokenHash};

/// What a call says of who makes it.
struct Credentials {
    token: Option<TokenHash>,
    client: Option<ClientName>,
    lane: Option<Lane>,
}

impl Credentials {
    fn of(metadata: &MetadataMap) -> Result<Self, Status> {
        let text = |key: &str| metadata.get(key).map(|value| value.to_str().unwrap_or_default());
        let token = text("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(TokenHash::of);
        let client = text("gleaner-client").map(str::parse).transpose();
        let lane = text("gleaner-lane").map(str::parse).transpose();
        Ok(Self {
            token,
            client: client.map_err(|error| invalid(format!("gleaner-client: {error}")))?,
            lane: lane.map_err(|error| invalid(format!("gleaner-lane: {error}")))?,
        })
    }

    /// Who that is, with no more than it asks for.
    fn check(&self, clients: &Clients) -> Result<Client, Status> {
        let Some(client) = clients.whose(self.token) else {
            let message = match self.token {
                Some(_) => "the token is not one of the clients file's",
                None => "credentials are missing: send `authorization: Bearer TOKEN`",
            };
            return Err(status(Code::Unauthenticated, "CREDENTIALS", message));
        };
        if let Some(claimed) = self.client.as_ref().filter(|claimed| **claimed != client.name) {
            let message = format!("the credentials are those of `{}`, not of `{claimed}`", client.name);
            return Err(status(Code::PermissionDenied, "ANOTHER_CLIENT", message));
        }
        let lane = self.lane.unwrap_or(client.lane);
        if lane < client.lane {
            let message =
                format!("`{}` has the lane {}; the lane {lane} is more urgent than that", client.name, client.lane);
            return Err(status(Code::PermissionDenied, "LANE_ABOVE_PLAN", message));
        }
        Ok(Client { lane, ..client.clone() })
    }
}

/// The client whose token the call carries, in the lane that it asks for.
///
/// # Errors
/// UNAUTHENTICATED if the scheduler knows its clients and this is none of them; PERMISSION_DENIED if the call claims more
/// than its token gives; INVALID_ARGUMENT if what it claims is nothing.
pub(super) fn client(clients: &LiveClients, metadata: &MetadataMap) -> Result<Client, Status> {
    Credentials::of(metadata)?.check(&clients.now())
}

/// The same, if it is one of those who run this scheduler: what belongs to all clients is for them alone.
///
/// # Errors
/// As [`client`], and PERMISSION_DENIED if it is another one.
pub(super) fn operator(clients: &LiveClients, metadata: &MetadataMap) -> Result<Client, Status> {
    let client = client(clients, metadata)?;
    if clients.is_open() || client.lane == Lane::Internal {
        return Ok(client);
    }
    let message = format!("`{}` is no operator: this takes the token of a client of the lane `internal`", client.name);
    Err(status(Code::PermissionDenied, "NOT_AN_OPERATOR", message))
}

/// Credentials of a call that lasts: they are looked up anew whenever the clients change.
pub(super) struct Standing {
    credentials: Credentials,
    name: ClientName,
    clients: watch::Receiver<Arc<Clients>>,
}

impl Standing {
    /// Those of a call, if they are good now.
    ///
    /// # Errors
    /// As [`client`].
    pub(super) fn of(clients: &LiveClients, metadata: &MetadataMap) -> Result<Self, Status> {
        let (credentials, clients) = (Credentials::of(metadata)?, clients.subscribe());
        let name = credentials.check(&clients.borrow())?.name;
        Ok(Self { credentials, name, clients })
    }

    /// Who it is.
    pub(super) fn name(&self) -> &ClientName {
        &self.name
    }

    /// The client as it is now.
    ///
    /// # Errors
    /// The credentials are not good any more.
    pub(super) fn client(&mut self) -> Result<Client, Status> {
        let client = self.credentials.check(&self.clients.borrow_and_update())?;
        if client.name == self.name {
            return Ok(client);
        }
        let message = format!("the token is not that of `{}` any more", self.name);
        Err(status(Code::Unauthenticated, "CREDENTIALS", message))
    }

    /// Returns when the credentials are not good any more, and says why.
    pub(super) async fn refused(&mut self) -> Status {
        loop {
            if let Err(status) = self.client() {
                return status;
            }
            if self.clients.changed().await.is_err() {
                // The scheduler is ending, and so will the call.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// What is told to a caller for as long as its credentials are good; then why no more.
pub(super) fn while_standing<T: Send>(
    standing: Standing,
    told: impl Stream<Item = Result<T, Status>> + Send + Unpin,
) -> impl Stream<Item = Result<T, Status>> + Send {
    stream::unfold(Some((standing, told)), |state| async {
        let (mut standing, mut told) = state?;
        tokio::select! {
            biased;
            refused = standing.refused() => Some((Err(refused), None)),
            next = told.next() => next.map(|item| (item, Some((standing, told)))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[[client]]\nname = \"acme\"\ntoken = \"acme-secret-token\"\nlane = \"internal\"\n";

    fn metadata(pairs: &[(&'static str, &str)]) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        for (key, value) in pairs {
            metadata.insert(*key, value.parse().expect("ASCII"));
        }
        metadata
    }

    fn ask(pairs: &[(&'static str, &str)]) -> Result<Client, Status> {
        let clients = LiveClients::new(Clients::parse(FILE).expect("valid"));
        let token = [("authorization", "Bearer acme-secret-token")];
        client(&clients, &metadata(&[&token[..], pairs].concat()))
    }

    #[test]
    fn a_claim_gives_nothing_and_a_lesser_lane_is_given() {
        assert_eq!(ask(&[]).expect("known").lane, Lane::Internal);
        assert_eq!(ask(&[("gleaner-client", "acme")]).expect("its own").name.as_str(), "acme");
        assert_eq!(ask(&[("gleaner-lane", "internal")]).expect("its own").lane, Lane::Internal);
        assert_eq!(ask(&[("gleaner-lane", "bulk")]).expect("a lesser one").lane, Lane::Bulk);
    }

    #[test]
    fn a_claim_of_more_is_refused_and_named() {
        for (pair, code, words) in [
            (
                ("gleaner-lane", "paid"),
                Code::PermissionDenied,
                "`acme` has the lane internal; the lane paid is more urgent",
            ),
            (("gleaner-lane", "urgent"), Code::InvalidArgument, "`urgent` is not a lane"),
            (("gleaner-client", "other"), Code::PermissionDenied, "those of `acme`, not of `other`"),
            (("gleaner-client", "Nobody!"), Code::InvalidArgument, "`Nobody!` is not a client name"),
        ] {
            let refused = ask(&[pair]).expect_err("too much");
            assert_eq!(refused.code(), code);
            assert!(refused.message().contains(words), "{refused}");
        }
    }

    #[tokio::test]
    async fn credentials_are_good_until_the_clients_change() {
        let clients = LiveClients::new(Clients::parse(FILE).expect("valid"));
        let token = metadata(&[("authorization", "Bearer acme-secret-token")]);
        let mut standing = Standing::of(&clients, &token).expect("known");
        clients.replace(Clients::parse(&FILE.replace("internal", "free")).expect("valid"));
        assert_eq!(standing.client().expect("still known").lane, Lane::Free);
        clients.replace(Clients::parse(&FILE.replace("acme\"", "other\"")).expect("valid"));
        assert!(standing.refused().await.message().contains("not that of `acme` any more"));
        clients.replace(Clients::parse("").expect("valid"));
        assert_eq!(standing.refused().await.code(), Code::Unauthenticated);
    }
}
