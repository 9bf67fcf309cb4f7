//! Campaigns come to every package of their range once, a few at a time, whatever happens in between.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gleaner_model::{Outline, PackageContent, PackageHead, PackageKey, Presence, Purl, Timestamp};
use gleaner_proto::v1;
use gleaner_store::{Group, PackageWrite, RedbOptions, RedbStore, Store};
use tempfile::TempDir;
use tonic::Code;

use crate::stage::{PATIENCE, Setting, Stage};

/// A catalogue with these packages.
async fn over(purls: &[String]) -> Stage {
    let directory = TempDir::new().unwrap();
    let store = RedbStore::open(directory.path(), RedbOptions::default()).unwrap();
    let write = |purl: &String| {
        let at = Timestamp::from_millis(1);
        let head = PackageHead {
            key: PackageKey::in_default_registry(&purl.parse::<Purl>().unwrap()),
            revision: 1,
            content_revision: 1,
            presence: Presence::Present,
            source: None,
            last_attempt: at,
            last_success: None,
            last_change: None,
            missing_since: None,
            next_due: at,
            outline: Outline::default(),
        };
        PackageWrite::new(&head, Some(PackageContent::default()), Vec::new())
    };
    store.commit(&Group { packages: purls.iter().map(write).collect(), ..Group::default() }).unwrap();
    Stage::over(Arc::new(store), directory, Setting::default()).await
}

fn add(name: &str, prefix: &str, window: u32) -> v1::AddCampaignRequest {
    let (name, prefix) = (name.to_owned(), prefix.to_owned());
    v1::AddCampaignRequest { name, ecosystem: "npm".to_owned(), prefix, window, ..v1::AddCampaignRequest::default() }
}

async fn one(stage: &Stage) -> v1::Campaign {
    let list = stage.campaigns().list_campaigns(v1::ListCampaignsRequest::default()).await.unwrap();
    list.into_inner().campaigns.remove(0)
}

async fn until(stage: &Stage, holds: impl Fn(&v1::Campaign) -> bool) -> v1::Campaign {
    let waited = async {
        loop {
            let campaign = one(stage).await;
            if holds(&campaign) {
                return campaign;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("it comes to that")
}

fn packages(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("pkg:npm/%40scope/p{number:03}")).collect()
}

#[tokio::test]
async fn a_campaign_comes_to_every_package_of_its_range_once_across_a_restart() {
    let mut all = packages(25);
    all.extend(["pkg:npm/before".to_owned(), "pkg:npm/scope".to_owned(), "pkg:cargo/serde".to_owned()]);
    let stage = over(&all).await;
    stage.campaigns().add_campaign(add("again", "@scope/", 4)).await.unwrap();
    let begun = until(&stage, |campaign| campaign.submitted == 4).await;
    assert_eq!((begun.open, begun.cursor.as_str()), (4, "pkg:npm/%40scope/p003"));

    let mut asked = Vec::new();
    let mut worker = stage.worker("one", vec![]).await;
    for _ in 0..6 {
        let assign = worker.assigned().await;
        assert_eq!(assign.lane(), v1::Lane::Bulk);
        worker.fetched(&assign, &["1.0.0"]).await;
        worker.acknowledged().await;
        asked.push(assign.purl);
        assert!(one(&stage).await.open <= 4, "no more are open than its window");
    }
    drop(worker);
    let stage = stage.restart(Setting { lease_ttl_ms: 100, ..Setting::default() }).await;
    let mut worker = stage.worker("one", vec![]).await;
    while asked.len() < 25 {
        let assign = worker.assigned().await;
        worker.fetched(&assign, &["1.0.0"]).await;
        worker.acknowledged().await;
        asked.push(assign.purl);
    }
    let done = until(&stage, |campaign| campaign.state() == v1::CampaignState::Done).await;
    assert_eq!((done.submitted, done.open, done.ended_at_ms > 0), (25, 0, true));
    let distinct: BTreeSet<_> = asked.iter().cloned().collect();
    assert_eq!(distinct, packages(25).into_iter().collect());
    let jobs = stage.jobs().list(v1::ListRequest { page_size: 100, ..v1::ListRequest::default() }).await.unwrap();
    let jobs = jobs.into_inner().jobs;
    assert_eq!(jobs.len(), 25, "one job a package");
    assert!(jobs.iter().all(|job| job.campaign == "again"));
}

#[tokio::test]
async fn a_campaign_rests_goes_on_and_is_cancelled_with_its_jobs() {
    let stage = over(&packages(10)).await;
    stage.campaigns().add_campaign(add("again", "", 4)).await.unwrap();
    until(&stage, |campaign| campaign.submitted == 4).await;
    let named = || ("again".to_owned(), String::new());
    let (name, client) = named();
    stage.campaigns().pause_campaign(v1::PauseCampaignRequest { name, client }).await.unwrap();
    let mut worker = stage.worker("one", vec![]).await;
    for _ in 0..4 {
        let assign = worker.assigned().await;
        worker.fetched(&assign, &["1.0.0"]).await;
        worker.acknowledged().await;
    }
    drop(worker);
    let stage = stage.restart(Setting::default()).await;
    let paused = until(&stage, |campaign| campaign.open == 0).await;
    assert_eq!((paused.state(), paused.submitted), (v1::CampaignState::Paused, 4));
    let (name, client) = named();
    stage.campaigns().resume_campaign(v1::ResumeCampaignRequest { name, client }).await.unwrap();
    until(&stage, |campaign| campaign.submitted == 8).await;

    let (name, client) = named();
    let cancel = v1::CancelCampaignRequest { name, client };
    let cancelled = stage.campaigns().cancel_campaign(cancel.clone()).await.unwrap().into_inner().campaign.unwrap();
    assert_eq!(cancelled.state(), v1::CampaignState::Cancelled);
    until(&stage, |campaign| campaign.open == 0).await;
    let states = vec![v1::JobState::Cancelled.into()];
    let list = v1::ListRequest { states, ..v1::ListRequest::default() };
    assert_eq!(stage.jobs().list(list).await.unwrap().into_inner().jobs.len(), 4);
    let again = stage.campaigns().cancel_campaign(cancel).await.unwrap_err();
    assert_eq!(
        (again.code(), again.message()),
        (Code::FailedPrecondition, "the campaign `again` is cancelled and stays so")
    );
    stage.campaigns().add_campaign(add("again", "", 4)).await.expect("its name is free again");
}

#[tokio::test]
async fn an_empty_range_is_done_at_once_and_what_makes_no_sense_is_refused() {
    let stage = over(&packages(2)).await;
    stage.campaigns().add_campaign(add("none", "nothing-begins-like-this", 4)).await.unwrap();
    let done = until(&stage, |campaign| campaign.state() == v1::CampaignState::Done).await;
    assert_eq!((done.submitted, done.cursor.as_str()), (0, ""));
    let gem = v1::AddCampaignRequest { ecosystem: "gem".to_owned(), ..add("a", "", 4) };
    let mirror = v1::AddCampaignRequest { registry: "mirror".to_owned(), ..add("a", "", 4) };
    for (request, words) in [
        (gem, "`gem` is not known"),
        (mirror, "`mirror` is not configured"),
        (add("A", "", 4), "`name` is invalid"),
        (add("a", "with space", 4), "`prefix` is invalid"),
        (add("a", "", 10_001), "`window` is invalid"),
    ] {
        let refused = stage.campaigns().add_campaign(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(words), "{refused}");
    }
    let (name, client) = ("never".to_owned(), String::new());
    let unknown = stage.campaigns().pause_campaign(v1::PauseCampaignRequest { name, client }).await.unwrap_err();
    assert_eq!(unknown.message(), "there is no campaign `never`");
}
