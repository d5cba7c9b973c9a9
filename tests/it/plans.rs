//! What `--dry-run` prints is what a run does: each path that a run changes is named in the plan, and both have the same
//! verdict.

use std::path::{Path, PathBuf};

use releng::project::config::ForgeKind;

use crate::announce::forge::ForgeSite;
use crate::announce::text::{PEOPLE, promoted_site};
use crate::support::crash::trace::{Call, Outcome, TRACED, parse};
use crate::support::forge::TOKEN;
use crate::support::keys::Keys;
use crate::support::mail::{Encryption, MailServerProcess};
use crate::support::program::{PROGRAM, Ran, run_in};
use crate::support::site::{NOW, Site, UNTESTED};

const URL: &str = "[repository]\nurl = \"https://example.org/repos\"\n";
const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

/// The paths that a printed plan names, below the root or the state. One that ends in `/` names all that is below it.
#[derive(Debug)]
struct Named(Vec<String>);

impl Named {
    fn of(plan: &str) -> Named {
        let mut named = Vec::new();
        let mut folder = String::new();
        for line in plan.lines() {
            // What is made in a new folder is indented below its name.
            let inner = if line.starts_with("    ") { folder.as_str() } else { "" };
            let words: Vec<&str> = line.trim().trim_end_matches(", signed").split(' ').collect();
            match words.as_slice() {
                ["make", place] if place.ends_with(':') => {
                    named.push(place.trim_end_matches(':').to_owned());
                    folder = format!("{}/", place.trim_end_matches(':'));
                }
                ["make", path, "lead", "to", _]
                | ["write", path]
                | ["write", path, ..]
                | ["copy", .., "into", path]
                | ["link", .., "into" | "as", path]
                | ["link", path, "of", ..]
                | ["add", .., "to", path]
                | ["append", "to", path, ..] => named.push(format!("{inner}{}", path.trim_end_matches([':', ',']))),
                ["delete", path, ..] => named.push(format!("{path}/")),
                ["move", from, "to", to, ..] => named.extend([(*from).to_owned(), (*to).to_owned()]),
                ["run", .., "write", one, "and", two] => named.extend([(*one).to_owned(), (*two).to_owned()]),
                _ => {}
            }
        }
        // A signature is beside the file that it signs.
        let signatures: Vec<String> = named.iter().map(|path| format!("{path}.asc")).collect();
        named.extend(signatures);
        Named(named)
    }

    /// Whether the plan names a change of `path`; the folders above a named path may be made.
    fn has(&self, path: &str, makes_folder: bool) -> bool {
        self.0.iter().any(|named| {
            let is_below = named.ends_with('/') && Path::new(path).starts_with(named);
            is_below || path == named || (makes_folder && Path::new(named).starts_with(path))
        })
    }
}

/// The path of a change as the plan calls it: below root or state, with the name that a hidden folder or file will get.
fn shown(path: &Path, roots: &[PathBuf; 2]) -> Option<String> {
    let below = roots.iter().find_map(|root| path.strip_prefix(root).ok())?;
    let parts = below.iter().map(|part| part.to_string_lossy().trim_start_matches(".releng-").to_owned());
    Some(parts.collect::<Vec<_>>().join("/"))
}

fn is_change(call: &Call) -> bool {
    let is_sync = ["fsync", "fdatasync", "syncfs", "sync"].contains(&call.name.as_str());
    call.is_mutation() && call.outcome == Outcome::Done && !is_sync
}

/// The changes that no step of the plan names.
fn unnamed(plan: &str, calls: &[Call], roots: &[PathBuf; 2]) -> Vec<String> {
    let named = Named::of(plan);
    let (mut unnamed, mut new_folders) = (Vec::new(), Vec::new());
    for call in calls.iter().filter(|call| is_change(call)) {
        // The file that a link is made of stays as it is.
        let changed = if call.name.starts_with("link") { &call.paths[1..] } else { &call.paths[..] };
        for path in changed.iter().filter_map(|path| shown(path, roots)) {
            let makes_folder = call.name.starts_with("mkdir");
            if !path.ends_with("lock")
                && !path.is_empty()
                && !named.has(&path, makes_folder || new_folders.contains(&path))
            {
                unnamed.push(format!("{} {path}", call.name));
            }
            if makes_folder {
                new_folders.push(path);
            }
        }
    }
    unnamed
}

/// A run under strace, and the plan that was printed before.
struct Traced {
    plan: String,
    calls: Vec<Call>,
    roots: [PathBuf; 2],
}

#[track_caller]
fn plan_and_trace(site: &Site, variables: &[(&str, &str)], args: &[&str]) -> Traced {
    let before = site.trees();
    let plan = site.releng_with(variables, &[args, &["--dry-run"]].concat()).exits(0).stdout;
    assert_eq!(site.trees(), before, "a dry run writes nothing");
    let log = site.project.join(".git/trace");
    let (log_name, traced) = (log.to_string_lossy().into_owned(), format!("trace={TRACED}"));
    let strace = ["-f", "-y", "-xx", "-s", "0", "-o", &log_name, "-e", &traced, PROGRAM];
    let variables = [variables, &[("RELENG_NOW", NOW)]].concat();
    run_in(site.project.path(), "strace", &[&strace[..], args].concat(), &variables).exits(0);
    let calls = parse(&std::fs::read_to_string(&log).unwrap(), site.project.path()).calls;
    Traced { plan, calls, roots: [site.served(""), site.state("")] }
}

#[track_caller]
fn everything_is_named(site: &Site, variables: &[(&str, &str)], args: &[&str]) {
    let Traced { plan, calls, roots } = plan_and_trace(site, variables, args);
    let found = unnamed(&plan, &calls, &roots);
    assert!(found.is_empty(), "{args:?} changes what its plan does not name: {found:#?}\n{plan}");
    let changes = calls.iter().filter(|call| is_change(call) && call.is_below(&roots));
    assert!(changes.count() > 0, "{args:?} changes nothing");
}

#[test]
fn every_change_is_a_step_of_the_plan() {
    let test = "[[acceptance]]\nname = \"look\"\nrun = [\"true\"]\n";
    let site = Site::with(&format!("{URL}keep-snapshots = 0\nkeep-days = 0\n{test}"));
    site.commit("One").build(&["el8", "el9"]);
    everything_is_named(&site, &[], &["stage"]);
    everything_is_named(&site, &[], &["accept"]);
    everything_is_named(&site, &[], &["promote", "--major"]);
    everything_is_named(&site, &[], &["hold", FIRST, "--why", "a customer"]);
    everything_is_named(&site, &[], &["unhold", FIRST]);
    site.commit("Two").build(&["el8", "el9", "fc42"]);
    everything_is_named(&site, &[], &["stage"]);
    site.releng(&["accept"]).exits(0);
    everything_is_named(&site, &[], &["promote"]);
    everything_is_named(&site, &[], &["rollback", "1.0"]);
    everything_is_named(&site, &[], &["rollback", "1.0", "--to", "2"]);
    everything_is_named(&site, &[], &["yank", "demo-1.0.2-1.fc42.noarch", "--why", "it burns"]);
    site.release("Three", &["el9"]);
    site.release("Four", &["el9"]);
    everything_is_named(&site, &[("RELENG_NOW", "2027-01-02T03:04:05Z")], &["prune"]);
    everything_is_named(&site, &[("RELENG_NOW", "2027-02-02T03:04:05Z")], &["prune"]);
}

#[test]
fn every_change_of_a_signed_repository_is_a_step_of_the_plan() {
    let keys = Keys::of(&[("demo@example.org", "ed25519")]);
    let site = Site::with(&format!("{URL}sign = \"demo@example.org\"\n"));
    let home = keys.home().display().to_string();
    let variables = [("GNUPGHOME", home.as_str())];
    site.commit("One").build(&["el9"]);
    everything_is_named(&site, &variables, &["stage"]);
    everything_is_named(&site, &variables, &[&["promote", "--major"], UNTESTED].concat());
    site.commit("Two").build(&["el9"]);
    everything_is_named(&site, &variables, &["stage"]);
    everything_is_named(&site, &variables, &[&["promote"], UNTESTED].concat());
    everything_is_named(&site, &variables, &["rollback", "1.0"]);
    everything_is_named(&site, &variables, &["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"]);
}

#[test]
fn every_change_of_an_announcement_is_a_step_of_the_plan() {
    let server = MailServerProcess::double("{}", Encryption::None);
    let site = promoted_site(&format!("smtp = \"smtp://127.0.0.1:{}\"\n", server.port));
    everything_is_named(&site, &[], &["announce", "--send"]);
    everything_is_named(&site, &[], &["announce", "1.0.1", "--send", "--again"]);
    site.promoted("Two", &[]);
    everything_is_named(&site, &[], &["announce", "--sent"]);
    assert_eq!(server.mails().len(), 2);
    let place = ForgeSite::new(ForgeKind::Github);
    everything_is_named(&place.site, &[("RELENG_FORGE_TOKEN", TOKEN)], &["announce", "--forge"]);
    place.is_whole();
}

#[test]
fn before_there_is_anything_to_announce_a_dry_run_has_the_verdict_of_the_run() {
    let site = Site::with(PEOPLE);
    one_verdict(&site, &["announce"], 0);
    one_verdict(&site, &["announce", "--forge"], 0);
    one_verdict(&site, &["announce", "1.0.1"], 1);
    one_verdict(&site, &["announce", "1.0.1", "--forge"], 1);
    let site = promoted_site("");
    one_verdict(&site, &["announce", "--send"], 2);
    one_verdict(&site, &["announce", "--sent"], 0);
    one_verdict(&site, &["announce", "--forge"], 2); // there is no remote
    let place = ForgeSite::new(ForgeKind::Github);
    one_verdict(&place.site, &["announce", "--forge"], 3); // there is no token
}

#[test]
fn a_step_that_is_left_out_of_the_plan_is_noticed() {
    let site = Site::with(URL);
    site.release("One", &["el9"]);
    let Traced { plan, calls, roots } = plan_and_trace(&site, &[], &[&["promote", "--major"], UNTESTED].concat());
    assert!(unnamed(&plan, &calls, &roots).is_empty());
    for step in [
        "    link",
        "    write rpm/el9/repodata/",
        "    write rpm/el9/mirrorlist",
        "    write manifest.json",
        "  make stable",
        "  add",
        "  append",
        "  write demo-stable",
    ] {
        let lines: Vec<&str> = plan.lines().collect();
        let at = lines.iter().position(|line| line.starts_with(step)).unwrap_or_else(|| panic!("no {step} in {plan}"));
        let without = [&lines[..at], &lines[at + 1..]].concat().join("\n");
        assert!(!unnamed(&without, &calls, &roots).is_empty(), "without `{}`", lines[at]);
    }
}

/// The verdict of a run: its exit code, and the error that it printed.
fn verdict(ran: &Ran) -> (i32, String) {
    let error = ran.stderr.lines().skip_while(|line| !line.starts_with("error:")).collect::<Vec<_>>().join("\n");
    (ran.code, error)
}

/// The dry run and the run have one verdict, and a refused run changes nothing that is served.
#[track_caller]
fn one_verdict(site: &Site, args: &[&str], code: i32) {
    let before = site.trees();
    let preview = site.releng(&[args, &["--dry-run"]].concat());
    assert_eq!(site.trees(), before, "{args:?}: a dry run writes nothing");
    let ran = site.releng(args);
    assert_eq!(verdict(&preview), verdict(&ran), "{args:?}");
    assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
    if code != 0 {
        assert_eq!(site.trees()[0], before[0], "{args:?}: a refused run changes nothing");
    }
}

#[test]
fn before_anything_is_staged_a_dry_run_has_the_verdict_of_the_run() {
    let site = Site::new();
    let promote = [&["promote", "--major"], UNTESTED].concat();
    for args in [
        &["stage"][..],
        &["accept"],
        &promote,
        &["rollback", "1.0"],
        &["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"],
        &["hold", FIRST, "--why", "a customer"],
        &["unhold", FIRST],
        &["promote", FIRST],
    ] {
        one_verdict(&site, args, 1);
    }
    one_verdict(&site, &["promote", "--due"], 0);
    one_verdict(&site, &["prune"], 0);
    one_verdict(&site, &["tag"], 0);
    one_verdict(&site, &["hold", FIRST, "--why", " "], 2);
    one_verdict(&site, &["yank", "demo-1.0.1-1.el9.noarch", "--why", " "], 2);
}

#[test]
fn a_dry_run_has_the_verdict_of_the_run() {
    let site = Site::new();
    let promote = [&["promote"], UNTESTED].concat();
    site.commit("One").build(&["el9"]);
    one_verdict(&site, &["stage"], 0);
    one_verdict(&site, &["stage"], 0);
    one_verdict(&site, &["accept"], 0);
    one_verdict(&site, &["promote"], 1);
    one_verdict(&site, &promote, 1);
    one_verdict(&site, &[&promote[..], &["--major"]].concat(), 0);
    one_verdict(&site, &promote, 0);
    one_verdict(&site, &["rollback", "1.0"], 1);
    one_verdict(&site, &["rollback", "2.0"], 1);
    one_verdict(&site, &["rollback", "1.0", "--to", "1"], 0);
    one_verdict(&site, &["rollback", "1.0", "--to", "7"], 1);
    one_verdict(&site, &["hold", FIRST, "--why", "a customer"], 0);
    site.commit("Two").build(&["el9"]);
    one_verdict(&site, &["stage", "--pipeline", "1"], 1);
    site.project.write("target/dist/extra", "x");
    one_verdict(&site, &["stage"], 1);
    std::fs::remove_file(site.project.join("target/dist/extra")).unwrap();
    one_verdict(&site, &["stage"], 0);
    site.tamper(&format!("unstable/1.0/{FIRST}/ChangeLog.txt"), |content| content.push(b'x'));
    one_verdict(&site, &["promote", FIRST], 0); // it is in the series already
    one_verdict(&site, &promote, 0);
    one_verdict(&site, &["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"], 0);
    // The changelog that was tampered with is a file of this revision, too: it is made again.
    one_verdict(&site, &["rollback", "1.0", "--to", "1"], 0);
    one_verdict(&site, &["rollback", "1.0", "--to", "2"], 0);
    site.tamper(&format!("unstable/1.0/{FIRST}/sources/demo-1.0.1.zip"), |content| content.push(b'x'));
    one_verdict(&site, &["rollback", "1.0", "--to", "1"], 1);
    std::fs::write(site.state("log.jsonl"), "nonsense\n").unwrap();
    for args in
        [&["stage"][..], &["accept"], &promote, &["rollback", "1.0"], &["prune"], &["hold", FIRST, "--why", "x"]]
    {
        one_verdict(&site, args, 1);
    }
}

#[test]
fn a_dry_run_needs_the_key_that_the_run_needs() {
    let site = Site::with("[repository]\nsign = \"nobody@example.org\"\n");
    let keys = Keys::none();
    let home = keys.home().display().to_string();
    site.commit("One").build(&["el9"]);
    for args in [&["stage"][..], &["stage", "--dry-run"], &["dist"], &["dist", "--dry-run"]] {
        site.releng_with(&[("GNUPGHOME", &home)], args).exits(1).says(&["nobody@example.org"]);
    }
}

#[test]
fn tags_are_planned() {
    let site = Site::new();
    site.commit("Fly\n\nSem-Ver: feature");
    let before = site.project.git(&["tag"]);
    let plan = site.releng(&["tag", "--dry-run"]).exits(0).stdout;
    assert_eq!(site.project.git(&["tag"]), before);
    let made = site.releng(&["tag"]).exits(0).stdout;
    assert_eq!(plan, format!("make milestone tags:\n  {made}"));
    site.releng(&["tag"]).exits(0).says(&["all milestone tags exist"]);
}

#[test]
fn a_tag_of_a_topic_branch_gives_way_to_the_one_of_the_merge() {
    let site = Site::new();
    site.project.git(&["checkout", "-q", "-b", "topic"]);
    site.commit("Fly\n\nSem-Ver: feature");
    site.releng(&["tag"]).exits(0);
    site.project.git(&["checkout", "-q", "main"]);
    site.project.git(&["merge", "-q", "--no-ff", "-m", "Merge the topic", "topic"]);
    site.releng(&["tag", "--dry-run"]).exits(1);
    let refused = site.releng(&["tag"]).exits(1);
    let refused = refused.says(&["the tag `1.1` exists on commit ", ", which is not on the mainline of `HEAD`"]);
    crate::helps::follow(site.project.path(), &refused, "git tag --delete 1.1", &[]).exits(0);
    assert_eq!(site.project.git(&["rev-parse", "1.1^{commit}"]), site.project.git(&["rev-parse", "HEAD"]));
}
