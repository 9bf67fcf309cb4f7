//! All known packages of an ecosystem: a campaign with a question.
//!
//! The scheduler does it, at a position that is fixed when the campaign begins; this here begins it, or finds it if it was
//! begun before, looks after it, and fetches the answers when it is over.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use gleaner_model::{CampaignState, Ecosystem, Question, RegistryName, ResolutionRecord};
use gleaner_proto::v1;

use super::progress::Progress;
use super::{Answered, Answers};
use crate::exit::{Exit, Failure};
use crate::patience::patiently;
use crate::remote::Remote;
use crate::signals::Signals;

/// How often it is looked after.
const PERIOD: Duration = Duration::from_millis(500);

/// Answers of a page; the service sends fewer where they are large.
const PAGE: u32 = 200;

/// A campaign on its way.
pub(super) struct Campaign<'a> {
    pub(super) remote: &'a Remote,
    pub(super) signals: &'a Signals,
    pub(super) name: &'a str,
    pub(super) ecosystem: Ecosystem,
    pub(super) prefix: &'a str,
    pub(super) progress: &'a Progress,
}

impl Campaign<'_> {
    /// Begins it or goes on with it, waits for its end, and answers with what there is to fetch.
    pub(super) async fn run(&self, question: Question) -> Result<Answered<'static>, Failure> {
        let mut campaign = self.begin(question).await?;
        while !matches!(self.tell(&campaign), CampaignState::Done) {
            if self.tell(&campaign) == CampaignState::Cancelled {
                return Err(Failure { exit: Exit::No, message: format!("the campaign `{}` was cancelled", self.name) });
            }
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = self.signals.drain() => return Err(self.stopped()),
            }
            campaign = self.find().await?.ok_or_else(|| Failure::failed("the campaign is not there any more"))?;
        }
        let asked: Question = read(campaign.question.unwrap_or_default())?;
        let position = asked.as_of.position();
        let answers = fetch(self.remote.clone(), self.ecosystem, self.prefix.to_owned(), asked.into());
        Ok(Answered { answers, unanswered: Vec::new(), position, kept: None })
    }

    async fn find(&self) -> Result<Option<v1::Campaign>, Failure> {
        let request = v1::ListCampaignsRequest { all: false };
        let asking = patiently(|| {
            let mut campaigns = self.remote.campaigns();
            async move { campaigns.list_campaigns(request).await }
        });
        let all = asking.await?.into_inner().campaigns;
        Ok(all.into_iter().find(|campaign| campaign.name == self.name))
    }

    /// One of this name that is not over is gone on with, if it asks the same.
    async fn begin(&self, question: Question) -> Result<v1::Campaign, Failure> {
        let name = self.name.to_owned();
        match self.find().await?.filter(|campaign| !is_over(state(campaign))) {
            Some(campaign) if state(&campaign) == CampaignState::Paused => {
                self.check(&campaign, &question)?;
                let request = v1::ResumeCampaignRequest { name, client: String::new() };
                there(self.remote.campaigns().resume_campaign(request).await?.into_inner().campaign)
            }
            Some(campaign) => {
                self.check(&campaign, &question)?;
                Ok(campaign)
            }
            None => {
                let request = v1::AddCampaignRequest {
                    name,
                    ecosystem: self.ecosystem.to_string(),
                    prefix: self.prefix.to_owned(),
                    question: Some(question.into()),
                    ..v1::AddCampaignRequest::default()
                };
                there(self.remote.campaigns().add_campaign(request).await?.into_inner().campaign)
            }
        }
    }

    /// Is it the campaign that is meant? Its position was fixed when it began, so that its moment says nothing here.
    fn check(&self, campaign: &v1::Campaign, question: &Question) -> Result<(), Failure> {
        let asked: Option<Question> = campaign.question.clone().map(read).transpose()?;
        let is_same = asked.is_some_and(|asked| asked.environment == question.environment)
            && campaign.ecosystem == self.ecosystem.as_str()
            && campaign.prefix == self.prefix;
        let message =
            format!("the campaign `{}` is under way and asks something else: choose another --name", self.name);
        if is_same { Ok(()) } else { Err(Failure::usage(message)) }
    }

    fn tell(&self, campaign: &v1::Campaign) -> CampaignState {
        let state = state(campaign);
        let how = format!("{} open, {state}", campaign.open);
        self.progress.stands(campaign.submitted.saturating_sub(campaign.open.into()), how);
        state
    }

    fn stopped(&self) -> Failure {
        let name = self.name;
        let message = format!(
            "stopped watching; the campaign goes on where its scheduler runs. The same command with --name {name} watches \
             it again, `gleaner campaigns pause {name}` lets it rest"
        );
        Failure { exit: Exit::Interrupted, message }
    }
}

fn state(campaign: &v1::Campaign) -> CampaignState {
    CampaignState::try_from(campaign.state()).unwrap_or(CampaignState::Running)
}

const fn is_over(state: CampaignState) -> bool {
    matches!(state, CampaignState::Done | CampaignState::Cancelled)
}

fn there(campaign: Option<v1::Campaign>) -> Result<v1::Campaign, Failure> {
    campaign.ok_or_else(|| Failure::failed("the scheduler answered without a campaign"))
}

fn read<T: TryInto<U, Error = gleaner_proto::convert::InvalidMessage>, U>(wire: T) -> Result<U, Failure> {
    wire.try_into().map_err(|error| Failure::failed(format!("the scheduler's answer makes no sense: {error}")))
}

/// All answers to the campaign's question, page by page.
fn fetch(remote: Remote, ecosystem: Ecosystem, prefix: String, question: v1::Question) -> Answers<'static> {
    let request = v1::ListResolutionsRequest {
        registry: RegistryName::default_of(ecosystem).to_string(),
        ecosystem: ecosystem.to_string(),
        prefix,
        question: Some(question),
        page_size: PAGE,
        page_token: String::new(),
    };
    let pages = stream::try_unfold(Some(request), move |next| {
        let remote = remote.clone();
        async move {
            let Some(request) = next else { return Ok(None) };
            let asking = patiently(|| {
                let (mut resolutions, request) = (remote.resolutions(), request.clone());
                async move { resolutions.list_resolutions(request).await }
            });
            let page = asking.await?.into_inner();
            let page_token = page.next_page_token;
            let next = (!page_token.is_empty()).then_some(v1::ListResolutionsRequest { page_token, ..request });
            Ok::<_, Failure>(Some((stream::iter(page.answered).map(record), next)))
        }
    });
    pages.try_flatten().boxed()
}

fn record(answered: v1::AnsweredQuestion) -> Result<(String, ResolutionRecord), Failure> {
    let root = answered.purl.clone();
    Ok((root, read(answered)?))
}
