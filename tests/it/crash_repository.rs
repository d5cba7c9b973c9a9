//! `stage`, `promote`, `rollback`, `yank` and `prune`, killed and failed at the calls that change files: two channels that people
//! install from are whole all the time, and running it again completes what was begun.

use std::path::Path;

use crate::support::crash::Scenario;
use crate::support::crash::matrix::{Selection, run_matrix};
use crate::support::crash::report::Report;
use crate::support::keys::Keys;
use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::rpms::Rpm;

const CONFIG: &str = "[project]\nname = \"demo\"\n\n[repository]\nroot = \"served\"\nstate = \"state\"\n\
    url = \"https://example.org/repo\"\nkeep-snapshots = 1\nkeep-days = 1\n";
const SIGN: &str = "sign = \"demo@example.org\"\n";
const CHANNELS: [&str; 2] = ["served/demo/stable/1.0", "served/demo/unstable/1.0/latest"];
const EARLY: &str = "2030-01-02T03:04:05Z";
const LATE: &str = "2030-03-02T03:04:05Z";

/// A project with a repository: the releases of three commits in `in/1`, `in/2` and `in/3`.
struct Site {
    project: Sandbox,
    keys: Keys,
    signed: bool,
}

impl Site {
    fn signed() -> Site {
        Site::with(SIGN, Keys::of(&[("demo@example.org", "ed25519")]))
    }

    fn unsigned() -> Site {
        Site::with("", Keys::none())
    }

    fn with(sign: &str, keys: Keys) -> Site {
        let config = format!("{CONFIG}{sign}");
        let files = [("packaging/release.toml", config.as_str()), (".gitignore", "target\nin\nserved\nstate\n")];
        let site = Site { project: Sandbox::released(&files), keys, signed: !sign.is_empty() };
        for (number, version) in [("1", "1.0.0"), ("2", "1.0.1"), ("3", "1.0.2")] {
            if number != "1" {
                site.project.commit("Go on", &[("a", number)]);
            }
            site.make_release(&format!("in/{number}"), version);
        }
        site
    }

    /// What `dist` and a job that builds a package leave together.
    fn make_release(&self, folder: &str, version: &str) {
        self.project.releng(&["dist", "--no-stage", "--out", folder]).exits(0);
        let package = Rpm::new("demo", version).dist("el9");
        package.build_into(&self.project.join(folder).join("rpm/el9/noarch"));
        let path = format!("rpm/el9/noarch/{}", package.file_name());
        let digest = run_in(&self.project.join(folder), "sha256sum", &[&path], &[]).exits(0).stdout;
        let digest = digest.split(' ').next().unwrap();
        let builds = format!(
            "{{\"schema\":\"releng.builds/1\",\"builds\":[{{\"file\":\"{path}\",\"sha256\":\"{digest}\",\
             \"dist\":\"el9\",\"host\":\"el9\"}}]}}\n"
        );
        self.project.write(&format!("{folder}/builds.json"), builds);
        let sum = format!("sha256sum {path} builds.json >>SHA256SUMS");
        run_in(&self.project.join(folder), "sh", &["-c", &sum], &[]).exits(0);
    }

    fn variables(&self, now: &str) -> Vec<(String, String)> {
        let home = self.keys.home().display().to_string();
        vec![("RELENG_NOW".to_owned(), now.to_owned()), ("GNUPGHOME".to_owned(), home)]
    }

    fn run(&self, args: &[&str]) {
        let variables = self.variables(EARLY);
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        run_in(self.project.path(), PROGRAM, args, &variables).exits(0);
    }

    /// Stages the release of this number.
    fn stage(&self, number: &str) {
        self.run(&["stage", "--from", &format!("in/{number}"), "--pipeline", number]);
    }

    /// Stages and promotes it.
    fn publish(&self, number: &str) {
        self.stage(number);
        self.run(&["promote", "--untested", "a test", "--major"]);
    }

    fn scenario(&self, name: &str, args: &[&str]) -> Scenario {
        let command = [&[PROGRAM], args].concat();
        let name = if self.signed { format!("{name}, signed") } else { name.to_owned() };
        let mut scenario = Scenario::new(&name, self.project.path(), &command, &["served", "state"], &CHANNELS);
        scenario.logs = vec!["state/demo/log.jsonl".into()];
        scenario.variables = self.variables(EARLY);
        let index = if self.signed { &["repodata/repomd.xml.asc"][..] } else { &[] };
        scenario.check = Box::new(|place| {
            let folders = CHANNELS.iter().map(|channel| place.join(channel).join("rpm/el9"));
            folders.into_iter().try_for_each(|folder| is_whole(&folder, index))
        });
        scenario
    }
}

/// Every file that the `repomd.xml` of a dist names is there, and `others`; nothing is wrong where the dist is not there yet.
fn is_whole(folder: &Path, others: &[&str]) -> Result<(), String> {
    if !folder.exists() {
        return Ok(());
    }
    let index = folder.join("repodata/repomd.xml");
    let text = std::fs::read_to_string(&index).map_err(|error| format!("{}: {error}", index.display()))?;
    let names = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let names = names.chain(others.iter().copied());
    let gone: Vec<&str> = names.filter(|name| !folder.join(name).exists()).collect();
    if gone.is_empty() { Ok(()) } else { Err(format!("gone from `{}`: {}", folder.display(), gone.join(" "))) }
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "the figures of a run of the whole matrix")]
fn is_safe(scenario: &Scenario) {
    let report: Report = run_matrix(scenario, Selection::asked(23));
    println!("{}", report.figures());
    report.is_clean();
    assert!(report.points > 10, "{report}");
}

fn staging_the_first_snapshot(site: &Site) {
    is_safe(&site.scenario("stage, the first", &["stage", "--from", "in/1", "--pipeline", "1"]));
}

fn staging_another_snapshot(site: &Site) {
    site.publish("1");
    is_safe(&site.scenario("stage", &["stage", "--from", "in/2", "--pipeline", "2"]));
}

fn promoting_a_snapshot(site: &Site) {
    site.publish("1");
    site.stage("2");
    let args = ["promote", "snapshot-demo_1.0_pipeline_2", "--untested", "a test"];
    is_safe(&site.scenario("promote", &args));
}

fn promoting_the_first_of_a_series(site: &Site) {
    site.stage("1");
    let args = ["promote", "snapshot-demo_1.0_pipeline_1", "--untested", "a test", "--major"];
    is_safe(&site.scenario("promote, a new series", &args));
}

fn rolling_back(site: &Site) {
    site.publish("1");
    site.publish("2");
    // Without a number: the repeated command must not go one step further back.
    is_safe(&site.scenario("rollback", &["rollback", "1.0"]));
}

fn yanking_a_package(site: &Site) {
    site.publish("1");
    site.publish("2");
    is_safe(&site.scenario("yank", &["yank", "demo-1.0.1-1.el9.noarch", "--why", "a test"]));
}

fn promoting_without_a_name(site: &Site) {
    site.publish("1");
    site.stage("2");
    is_safe(&site.scenario("promote, without a name", &["promote", "--untested", "a test"]));
}

fn pruning(site: &Site) {
    site.publish("1");
    site.stage("2");
    site.stage("3");
    let mut scenario = site.scenario("prune", &["prune"]);
    scenario.variables = site.variables(LATE);
    // What the killed run has moved there, the next one deletes.
    scenario.tolerance.ignores = |path| path.ends_with("/lock") || path.contains("/.trash");
    is_safe(&scenario);
}

/// Each case with a key, in the tests that everybody runs, and without one, which only leaves calls out, by
/// `scripts/crash-test` alone.
macro_rules! tests {
    ($($case:ident),*) => {
        mod signed {
            $(#[test] fn $case() { super::$case(&super::Site::signed()); })*
        }
        mod unsigned {
            $(#[test] #[ignore = "scripts/crash-test runs it"] fn $case() { super::$case(&super::Site::unsigned()); })*
        }
    };
}

tests!(
    staging_the_first_snapshot,
    staging_another_snapshot,
    promoting_a_snapshot,
    promoting_the_first_of_a_series,
    promoting_without_a_name,
    rolling_back,
    yanking_a_package,
    pruning
);
