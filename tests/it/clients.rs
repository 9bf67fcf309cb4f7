//! The clients file of a running scheduler: what is changed in it holds without a restart, and a broken one changes
//! nothing.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Addresses, Ended, Place, Scheduler, http};

struct Stand {
    place: Place,
    scheduler: Scheduler,
}

fn entry(name: &str, lane: &str, more: &str) -> String {
    format!("[[client]]\nname = \"{name}\"\ntoken = \"{name}-secret-token\"\nlane = \"{lane}\"\n{more}\n")
}

impl Stand {
    /// A scheduler that goes by this file. No registry answers; nothing of what is submitted is done.
    fn new(file: &str) -> Self {
        let place = Place::new();
        let clients = place.write("clients.toml", file);
        for name in ["acme", "crowd"] {
            let token = place.write(name, format!("{name}-secret-token\n"));
            std::fs::set_permissions(token, Permissions::from_mode(0o600)).unwrap();
        }
        let base = || "http://127.0.0.1:1/".to_owned();
        let nowhere = Addresses { cargo: base(), npm: base(), pypi: base(), stats: base() };
        let more = ["--clients", clients.to_str().unwrap(), "--http-listen", "127.0.0.1:0", "--log", "info"];
        let scheduler = Scheduler::start(&place, &place.path("scheduler"), &nowhere, &more);
        Self { place, scheduler }
    }

    fn rewrite(&self, file: &str) {
        // A new file in the place of the old one, as editors and configuration tools have it.
        let new = self.place.write("clients.toml.new", file);
        std::fs::rename(new, self.place.path("clients.toml")).unwrap();
    }

    fn ask(&self, client: &str, arguments: &[&str]) -> Ended {
        let token = self.place.path(client);
        let arguments = [&["--json", "refresh", "--detach"], arguments].concat();
        let program = self.place.gleaner(arguments).args(["--server", &self.scheduler.url, "--token-file"]);
        program.arg(token).run()
    }

    /// Asks until it ends like this.
    fn until(&self, client: &str, code: i32) -> Ended {
        loop {
            let ended = self.ask(client, &["pkg:npm/express"]);
            if ended.code == Some(code) {
                return ended;
            }
        }
    }

    fn metric(&self, name: &str) -> String {
        let (_, page) = http::get(&format!("{}/metrics", self.scheduler.http.as_ref().unwrap()));
        let line = page.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} is not in {page}")).to_owned()
    }

    fn until_metric(&self, line: &str) {
        let name = line.split(' ').next().unwrap();
        while self.metric(name) != line {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn what_is_changed_in_the_file_holds_without_a_restart() {
    let (acme, crowd) = (entry("acme", "paid", ""), entry("crowd", "free", ""));
    let stand = Stand::new(&format!("{acme}{crowd}"));
    assert_eq!(stand.ask("acme", &["pkg:npm/express"]).expect(0).object()["lane"], "paid");

    // Nobody tells it; it looks every few seconds.
    stand.rewrite(&crowd);
    let refused = stand.until("acme", 4);
    assert!(refused.stderr.contains("not one of the clients file's"), "{}", refused.stderr);
    assert_eq!(stand.metric("gleaner_clients"), "gleaner_clients 1");

    // A broken file changes nothing, and says so.
    stand.rewrite("[[client]]\nname = \"acme\"\nlane = \"paid\"");
    stand.until_metric("gleaner_clients_file_broken 1");
    assert_eq!(stand.ask("crowd", &["pkg:npm/express"]).expect(0).object()["lane"], "free");
    stand.ask("acme", &["pkg:npm/express"]).expect(4);
    let said = stand.scheduler.process.stderr.text();
    assert!(said.contains("cannot be used; the clients before it still hold") && said.contains("`acme`"), "{said}");

    // Somebody tells it.
    stand.rewrite(&format!("{}{crowd}", entry("acme", "bulk", "")));
    stand.scheduler.process.signal("HUP");
    assert_eq!(stand.until("acme", 0).object()["lane"], "bulk");
    stand.until_metric("gleaner_clients_file_broken 0");
    let said = stand.scheduler.process.stderr.text();
    assert!(said.contains("1 removed (acme)") && said.contains("1 added (acme)"), "{said}");
}

#[test]
fn a_scheduler_does_not_start_with_a_broken_file() {
    let place = Place::new();
    let file = place.write("clients.toml", entry("acme", "urgent", ""));
    let ended = place.gleaner(["serve", "--data"]).arg(place.path("data")).arg("--clients").arg(file).run().expect(2);
    assert!(ended.stderr.contains("`urgent` is not a lane"), "{}", ended.stderr);
}

#[test]
fn a_client_may_ask_in_a_lesser_lane_and_not_in_a_higher_one() {
    let stand = Stand::new(&entry("crowd", "free", ""));
    let asked = |lane| stand.ask("crowd", &["pkg:npm/express", "--lane", lane]);
    assert_eq!(asked("bulk").expect(0).object()["lane"], "bulk");
    let refused = asked("paid").expect(4);
    assert!(refused.stderr.contains("`crowd` has the lane free; the lane paid is more urgent"), "{}", refused.stderr);
    assert!(asked("urgent").expect(2).stderr.contains("`urgent` is not a lane"));
}

#[test]
fn a_refresh_over_the_quota_goes_slower_and_comes_through() {
    let stand = Stand::new(&entry("crowd", "free", "jobs_per_s = 20\nburst = 3"));
    let purls: Vec<String> = (0..10).map(|number| format!("pkg:npm/package-{number}")).collect();
    let purls: Vec<&str> = purls.iter().map(String::as_str).collect();
    let receipts = stand.ask("crowd", &purls).expect(0).objects();
    let asked: Vec<_> = receipts.iter().map(|receipt| receipt["purl"].as_str().unwrap()).collect();
    assert_eq!(asked, purls, "each once");
    assert!(stand.metric("gleaner_quota_refusals_total{client=\"crowd\"}").ends_with(char::is_numeric));
}
