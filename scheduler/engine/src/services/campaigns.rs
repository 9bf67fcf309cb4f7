//! `gleaner.v1.CampaignService`.

use std::sync::Arc;

use gleaner_model::{AsOf, Campaign, CampaignState, Ecosystem, Question, RegistryName, Root, Timestamp};
use gleaner_proto::{convert, v1};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::admission::{check_position, check_question};
use super::{Shared, errors, owners};
use crate::positions::position_of;
use crate::scheduler::{CampaignChange, Message, Order};

/// Jobs of a campaign that are open at once: enough that a large fleet has work while the next ones are read, and few
/// enough that a campaign takes no noticeable part of the queue.
const WINDOW_DEFAULT: u32 = 1_000;
const WINDOW_MAX: u32 = 10_000;

/// The service.
pub(crate) struct Campaigns(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl v1::campaign_service_server::CampaignService for Campaigns {
    async fn add_campaign(
        &self,
        request: Request<v1::AddCampaignRequest>,
    ) -> Result<Response<v1::AddCampaignResponse>, Status> {
        let (client, name) = owners::named(&self.0, request.metadata(), "", &request.get_ref().name)?;
        let asked = request.into_inner();
        let invalid = |error: convert::InvalidMessage| errors::invalid(error.to_string());
        let ecosystem: Ecosystem = convert::parse(&asked.ecosystem, "ecosystem").map_err(invalid)?;
        let registry = convert::parsed_or_none(&asked.registry, "registry").map_err(invalid)?;
        if asked.window > WINDOW_MAX {
            return Err(errors::invalid(format!(
                "`window` is invalid: it is {}, and at most {WINDOW_MAX}",
                asked.window
            )));
        }
        let question = asked.question.map(|question| self.question(question)).transpose()?;
        let campaign = Campaign {
            name,
            client,
            registry: registry.unwrap_or_else(|| RegistryName::default_of(ecosystem)),
            ecosystem,
            prefix: convert::prefix(asked.prefix).map_err(invalid)?,
            window: if asked.window == 0 { WINDOW_DEFAULT } else { asked.window },
            created_at: Timestamp::default(),
            state: CampaignState::Running,
            cursor: None,
            exhausted: false,
            submitted: 0,
            ended_at: None,
            question,
        };
        let campaign = self.pinned(campaign).await?;
        let add = |reply| order(Order::AddCampaign { campaign: Box::new(campaign), reply });
        let campaign = Some(convert::campaign_to_wire(self.0.ask(add).await??, 0));
        Ok(Response::new(v1::AddCampaignResponse { campaign }))
    }

    async fn list_campaigns(
        &self,
        request: Request<v1::ListCampaignsRequest>,
    ) -> Result<Response<v1::ListCampaignsResponse>, Status> {
        let client = owners::listed(&self.0, request.metadata(), request.get_ref().all)?;
        let campaigns = self.0.ask(|reply| order(Order::ListCampaigns { client, reply })).await?;
        let campaigns = campaigns.into_iter().map(|(campaign, open)| convert::campaign_to_wire(campaign, open));
        Ok(Response::new(v1::ListCampaignsResponse { campaigns: campaigns.collect() }))
    }

    async fn pause_campaign(
        &self,
        request: Request<v1::PauseCampaignRequest>,
    ) -> Result<Response<v1::PauseCampaignResponse>, Status> {
        let (metadata, _, asked) = request.into_parts();
        let campaign = Some(self.change(&metadata, &asked.client, &asked.name, CampaignChange::Pause).await?);
        Ok(Response::new(v1::PauseCampaignResponse { campaign }))
    }

    async fn resume_campaign(
        &self,
        request: Request<v1::ResumeCampaignRequest>,
    ) -> Result<Response<v1::ResumeCampaignResponse>, Status> {
        let (metadata, _, asked) = request.into_parts();
        let campaign = Some(self.change(&metadata, &asked.client, &asked.name, CampaignChange::Resume).await?);
        Ok(Response::new(v1::ResumeCampaignResponse { campaign }))
    }

    async fn cancel_campaign(
        &self,
        request: Request<v1::CancelCampaignRequest>,
    ) -> Result<Response<v1::CancelCampaignResponse>, Status> {
        let (metadata, _, asked) = request.into_parts();
        let campaign = Some(self.change(&metadata, &asked.client, &asked.name, CampaignChange::Cancel).await?);
        Ok(Response::new(v1::CancelCampaignResponse { campaign }))
    }
}

impl Campaigns {
    /// What a campaign asks of each package. All answers are as of one position, which is fixed by whoever takes the
    /// campaign in.
    fn question(&self, wire: v1::Question) -> Result<Box<Question>, Status> {
        let question = Question::try_from(wire).map_err(|error| errors::invalid(format!("question: {error}")))?;
        check_question(&question)?;
        if question.root != Root::Package {
            return Err(errors::invalid("`question.manifest` is invalid: a campaign asks about packages"));
        }
        check_position(&self.0, question.as_of.position())?;
        Ok(Box::new(question))
    }

    /// Fixes the position that its question is asked as of.
    async fn pinned(&self, mut campaign: Campaign) -> Result<Campaign, Status> {
        let Some(as_of) = campaign.question.as_ref().map(|question| question.as_of) else { return Ok(campaign) };
        let position = self.0.read(move |store| position_of(store, as_of)).await?;
        let pinned = if let AsOf::Observed(_) = as_of { AsOf::Position(position) } else { as_of.pinned(position) };
        campaign.question.iter_mut().for_each(|question| question.as_of = pinned);
        Ok(campaign)
    }

    async fn change(
        &self,
        metadata: &MetadataMap,
        owner: &str,
        name: &str,
        change: CampaignChange,
    ) -> Result<v1::Campaign, Status> {
        let name = owners::named(&self.0, metadata, owner, name)?;
        let change = |reply| order(Order::ChangeCampaign { name, change, reply });
        let (campaign, open) = self.0.ask(change).await??;
        Ok(convert::campaign_to_wire(campaign, open))
    }
}

fn order(order: Order) -> Message {
    Message::Order(Box::new(order))
}
