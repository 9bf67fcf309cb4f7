//! Keys, batches and standing orders: kept as long as what they name, and forgotten with it.

use gleaner_model::{BatchId, HostSettings, JobId, Origin, RegistryName};
use gleaner_store::{Group, KeyEntry, Keyed, OrderWrite, Store};

use crate::Open;
use crate::build::{at, batch, campaign, close, closures, commands, keyed, package, schedule, submit, submit_under};
use crate::suite::forget;

pub(crate) fn run(fresh: impl Fn() -> Open) {
    a_key_lives_as_long_as_its_job(&fresh());
    a_key_that_names_something_newer_stays(&fresh());
    a_batch_goes_with_its_key(&fresh());
    standing_orders_are_kept_by_client_and_name(&fresh());
    pages_the_keys_of_packages(&fresh());
    what_is_set_for_hosts_stays_and_the_last_word_holds(&fresh());
}

fn with_keys(mut group: Group, keys: impl IntoIterator<Item = KeyEntry>) -> Group {
    group.keys.extend(keys);
    group
}

fn named(store: &dyn Store, key: &str) -> Option<Keyed> {
    store.key("a", key).unwrap().map(|entry| entry.names)
}

fn a_key_lives_as_long_as_its_job(open: &Open) {
    let store = open();
    let retry = KeyEntry::of_retry(JobId(1));
    let jobs = [submit_under(1, "one", Origin::Asked), submit_under(2, "", Origin::Retry(JobId(1))), submit(3, 3)];
    let keys = [keyed("a", "one", 1), keyed("a", &retry, 2), keyed("b", "one", 3)];
    store.commit(&with_keys(commands(jobs), keys)).unwrap();
    drop(store);
    let store = open();
    assert_eq!(store.key("a", "one").unwrap(), Some(keyed("a", "one", 1)));
    assert_eq!(store.key("b", "one").unwrap(), Some(keyed("b", "one", 3)));
    assert_eq!(store.key("c", "one").unwrap(), None);
    forget(&*store, 1_000);
    assert_eq!(named(&*store, "one"), Some(Keyed::Job(JobId(1))), "an open job keeps its key, however old it is");
    store.commit(&closures([close(1, Some(1), 10), close(2, Some(2), 10), close(3, Some(3), 10)])).unwrap();
    forget(&*store, 10);
    assert_eq!(
        (named(&*store, "one"), named(&*store, &retry)),
        (Some(Keyed::Job(JobId(1))), Some(Keyed::Job(JobId(2))))
    );
    forget(&*store, 11);
    assert_eq!((store.job(JobId(1)).unwrap(), named(&*store, "one"), named(&*store, &retry)), (None, None, None));
}

fn a_key_that_names_something_newer_stays(open: &Open) {
    let store = open();
    store.commit(&with_keys(commands([submit_under(1, "k", Origin::Asked)]), [keyed("a", "k", 1)])).unwrap();
    store.commit(&closures([close(1, Some(1), 10)])).unwrap();
    store.commit(&with_keys(commands([submit_under(2, "k", Origin::Asked)]), [keyed("a", "k", 2)])).unwrap();
    forget(&*store, 11);
    assert_eq!(store.job(JobId(1)).unwrap(), None);
    assert_eq!(named(&*store, "k"), Some(Keyed::Job(JobId(2))));
}

fn a_batch_goes_with_its_key(open: &Open) {
    let store = open();
    let mut group = commands((1..=4).map(|job| submit(job, job)));
    group.orders = vec![OrderWrite::Batch(batch(1, 3, "k", None)), OrderWrite::Batch(batch(4, 4, "", None))];
    let names = Keyed::Batch(BatchId(1));
    store.commit(&with_keys(group, [KeyEntry { names, ..keyed("a", "k", 1) }])).unwrap();
    drop(store);
    let store = open();
    let ids = |before| store.batches(before, 10).unwrap().into_iter().map(|batch| batch.id.0).collect::<Vec<_>>();
    assert_eq!((ids(None), ids(Some(BatchId(4)))), (vec![4, 1], vec![1]));
    assert_eq!(store.batches(None, 1).unwrap(), [batch(4, 4, "", None)]);
    // Its end is told twice, the second time as it was.
    for ended in [30, 20] {
        let orders = vec![OrderWrite::Batch(batch(1, 3, "k", Some(ended)))];
        store.commit(&Group { orders, ..Group::default() }).unwrap();
    }
    assert_eq!(store.batch(BatchId(1)).unwrap(), Some(batch(1, 3, "k", Some(20))));
    forget(&*store, 20);
    assert_eq!(named(&*store, "k"), Some(names));
    forget(&*store, 21);
    assert_eq!((store.batch(BatchId(1)).unwrap(), named(&*store, "k")), (None, None));
    assert_eq!(store.batch(BatchId(4)).unwrap(), Some(batch(4, 4, "", None)), "it is open");
}

fn standing_orders_are_kept_by_client_and_name(open: &Open) {
    let store = open();
    let orders = vec![
        OrderWrite::Schedule(Box::new(schedule("b", "nightly"))),
        OrderWrite::Schedule(Box::new(schedule("a", "nightly"))),
        OrderWrite::Schedule(Box::new(schedule("a", "gone"))),
        OrderWrite::ScheduleRemoved { client: "a".parse().unwrap(), name: "gone".parse().unwrap() },
        OrderWrite::Campaign(campaign("a", "over", Some(10))),
        OrderWrite::Campaign(campaign("a", "runs", None)),
        OrderWrite::Campaign(campaign("a", "gone", None)),
        OrderWrite::CampaignRemoved { client: "a".parse().unwrap(), name: "gone".parse().unwrap() },
    ];
    store.commit(&Group { orders, ..Group::default() }).unwrap();
    drop(store);
    let store = open();
    assert_eq!(store.schedules().unwrap(), [schedule("a", "nightly"), schedule("b", "nightly")]);
    assert_eq!(store.campaigns().unwrap(), [campaign("a", "over", Some(10)), campaign("a", "runs", None)]);
    forget(&*store, 11);
    assert_eq!(store.campaigns().unwrap(), [campaign("a", "runs", None)]);
    assert_eq!(store.schedules().unwrap().len(), 2);
}

fn pages_the_keys_of_packages(open: &Open) {
    let store = open();
    let packages = ["aa", "ab", "b", "ba"].map(|name| package(name, 1, 0)).into();
    store.commit(&Group { packages, ..Group::default() }).unwrap();
    let cargo: RegistryName = "cargo".parse().unwrap();
    let page = |beginning: &str, after: Option<&str>, limit| {
        let keys = store.package_keys(&cargo, beginning, after, limit).unwrap();
        keys.into_iter().map(|key| key.purl().name().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page("pkg:cargo/", None, 10), ["aa", "ab", "b", "ba"]);
    assert_eq!(page("pkg:cargo/a", None, 10), ["aa", "ab"]);
    assert_eq!(page("pkg:cargo/", Some("cargo pkg:cargo/aa"), 2), ["ab", "b"]);
    assert_eq!(page("pkg:cargo/b", Some("cargo pkg:cargo/aa"), 2), ["b", "ba"]);
    assert_eq!(page("pkg:cargo/b", Some("cargo pkg:cargo/ba"), 2), [""; 0]);
    assert_eq!(page("pkg:cargo/c", None, 2), [""; 0]);
    assert!(store.package_keys(&"npm".parse().unwrap(), "pkg:cargo/", None, 9).unwrap().is_empty());
}

fn what_is_set_for_hosts_stays_and_the_last_word_holds(open: &Open) {
    let store = open();
    let host = |name: &str, burst| {
        let none = HostSettings::none(name.parse().unwrap(), at(5));
        OrderWrite::Host(Box::new(HostSettings { burst: Some(burst), paused: burst == 3, ..none }))
    };
    let orders = vec![host("b.example", 1), host("a.example:8080", 2), host("b.example", 3)];
    store.commit(&Group { orders, ..Group::default() }).unwrap();
    drop(store);
    let store = open();
    forget(&*store, 1_000_000);
    let settings = store.host_settings().unwrap();
    let said: Vec<_> = settings.iter().map(|set| (set.host.as_str(), set.burst, set.paused)).collect();
    assert_eq!(said, [("a.example:8080", Some(2), false), ("b.example", Some(3), true)]);
}
