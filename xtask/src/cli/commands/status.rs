//! `status`: prints what is staged, stable, undone and missing, and what is due for promotion and why.

use anyhow::Result;
use serde_json::{Value, json};

use crate::announce::overview::SeriesAnnouncements;
use crate::base::error::{Exit, Failure, program};
use crate::base::interrupt;
use crate::cli::context::Context;
use crate::cli::overview_text::{render, render_announcements, render_keys, render_problem};
use crate::cli::site::Site;
use crate::repository::clients::keys::{KeyRepair, describe_foreign, find_key_faults, help_to_lost_keys};
use crate::repository::clients::published_address::find_old_addresses;
use crate::repository::clients::root_files;
use crate::repository::keys::stand::{self, KeyStand, KeysOverview};
use crate::repository::keys::unsigned::find_unset_key;
use crate::repository::model::layout::Layout;
use crate::repository::model::lost_state::{describe_broken, help_to_broken};
use crate::repository::model::store::Store;
use crate::repository::model::yanks::YankedPackage;
use crate::repository::overview::{self, EventRef, PromotedState, SeriesOverview, SnapshotOverview, StableState};
use crate::repository::pages::root_pages;
use crate::repository::promote::schedule::DueReason;
use crate::repository::verify::{help_to_copy_keys, help_to_finish, help_to_remove, help_to_repair};
use crate::repository::write::recovery::{self, AbandonedRevision};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON (schema releng.status/1)
    #[arg(long)]
    json: bool,
}

/// A problem of the whole repository, and what to do.
struct RepositoryProblem {
    what: String,
    help: Option<String>,
}

/// Prints the state of the repository.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let (mut store, broken) = Store::open_sound(site.layout.clone())?;
    let mut problems = Vec::new();
    if let Some(broken) = broken {
        let what = format!("the log {}", describe_broken(&broken));
        problems.push(RepositoryProblem { what, help: Some(help_to_broken(&site.layout, &broken)) });
    } else {
        problems.extend(find_problems(&mut store));
    }
    let git = site.git();
    let schedule = site.schedule(&git);
    let mut all = Vec::new();
    let is_there = store.require_root().is_ok(); // otherwise that is the problem
    for series in store.series()?.into_iter().filter(|_| is_there) {
        let mut overview = overview::load(&store, series, &schedule, site.now)?;
        let announcements = SeriesAnnouncements::load(&site.config.announce, &store, series).unwrap_or_else(|error| {
            // A revision that cannot be read is a problem of the overview already.
            let help = error.downcast_ref::<Failure>().and_then(|failure| failure.help.clone()).unwrap_or_default();
            overview.problems.extend(overview.problems.is_empty().then(|| format!("{error:#}; {help}")));
            SeriesAnnouncements::default()
        });
        all.push((overview, announcements));
    }
    let KeysOverview { keys, problems: of_keys } = load_keys(&site, &store);
    problems.extend(of_keys.into_iter().map(|failure| RepositoryProblem { what: failure.message, help: failure.help }));
    // What an interrupted run has not read is no problem of the repository.
    interrupt::check()?;
    if args.json {
        let text = serde_json::to_string_pretty(&json!({
            "schema": "releng.status/1",
            "project": site.layout.name,
            "root": site.layout.root.for_programs(),
            "problems": problems.iter().map(|problem| json!({ "what": problem.what, "help": problem.help })).collect::<Vec<_>>(),
            "keys": keys.iter().map(key_json).collect::<Vec<_>>(),
            "series": all.iter().map(|(overview, announcements)| series_json(overview, announcements)).collect::<Vec<_>>(),
        }))?;
        return context.ui.print(&(text + "\n"));
    }
    if all.is_empty() && is_there {
        let hint =
            if site.exists() { String::new() } else { format!("; if there should be, {}", site.help_to_mount()) };
        let first = format!("`{} dist` stages a release", program());
        context.ui.note(&format!("nothing is staged in {}: {first}{hint}", site.layout.root));
    }
    let style = context.ui.text_style();
    let mut parts: Vec<String> = Vec::new();
    parts.extend(problems.iter().map(|problem| render_problem(&problem.what, problem.help.as_deref(), style)));
    parts.extend((!keys.is_empty()).then(|| render_keys(&keys, style)));
    for (overview, announcements) in &all {
        parts.push(render(overview, style) + &render_announcements(announcements, style));
    }
    context.ui.print_exactly(&parts.join("\n"))
}

/// The keys of the repository. Keys that cannot be read are a problem, and do not stop the overview.
fn load_keys(site: &Site<'_>, store: &Store) -> KeysOverview {
    let loaded = site
        .keys()
        .and_then(|keys| keys.map(|keys| stand::load(store, &keys, &site.config.acceptance, site.now)).transpose());
    let without_key = || KeysOverview { keys: Vec::new(), problems: find_unset_key(store).into_iter().collect() };
    loaded.map(|keys| keys.unwrap_or_else(without_key)).unwrap_or_else(|error| {
        let failure = error.downcast_ref::<Failure>().cloned();
        let problem = failure.unwrap_or_else(|| Failure::new(Exit::Failed, format!("{error:#}")));
        KeysOverview { keys: Vec::new(), problems: vec![problem] }
    })
}

fn key_json(key: &KeyStand) -> Value {
    let uses = key.uses.map(|uses| json!({ "packages": uses.packages, "signatures": uses.signatures }));
    json!({
        "fingerprint": key.name.fingerprint.as_str(),
        "user-id": key.name.owner,
        "role": key.role,
        "expires": key.expires,
        "warning": key.warning,
        "clients": key.clients,
        "needed-for": uses,
    })
}

/// What the next command that changes the repository finishes or makes again, or why it would refuse.
fn find_problems(store: &mut Store) -> Vec<RepositoryProblem> {
    let recovery = match recovery::decide(store) {
        Ok(recovery) => recovery,
        Err(error) => {
            let help = error.downcast_ref::<Failure>().and_then(|failure| failure.help.clone());
            return vec![RepositoryProblem { what: format!("{error:#}"), help }];
        }
    };
    if let Some(unlogged) = recovery.unlogged {
        return vec![RepositoryProblem {
            what: format!("a run was interrupted: {}", unlogged.manifest.event.action),
            help: Some(help_to_finish()),
        }];
    }
    let abandoned = recovery.abandoned.iter().map(|AbandonedRevision { shown, made_by, .. }| RepositoryProblem {
        what: format!("a killed run left `{shown}` before it was visible; its event would have been: {made_by}"),
        help: Some(help_to_remove()),
    });
    let pruned = recovery.trash.iter().map(|(item, _)| RepositoryProblem {
        what: format!("a prune was interrupted: `{}` is still in its place", store.layout.shown(item)),
        help: Some(help_to_finish()),
    });
    let unfinished: Vec<RepositoryProblem> = abandoned.chain(pruned).collect();
    let repair = |what: String| RepositoryProblem { what, help: Some(help_to_repair()) };
    let links = recovery.links.iter().map(|link| match &link.target {
        Some(target) => {
            let what = format!("the link `{}` does not lead to `{}`", link.shown, target.display());
            repair(what + &link.describe_lost())
        }
        None => {
            let what = format!("the link `{}` leads to nothing{}", link.shown, link.describe_lost());
            RepositoryProblem { what, help: Some(help_to_remove()) }
        }
    });
    let mut files = root_files::changed(store, None).unwrap_or_default();
    files.extend(root_pages::damaged(store).unwrap_or_default());
    let files = files.into_iter().map(|file| repair(format!("`{}` {}", file.name, file.describe_fault())));
    let addresses = find_old_addresses(store).into_iter();
    let addresses = addresses
        .map(|old| RepositoryProblem { what: format!("`{}`: {}", old.list, old.describe()), help: Some(old.help()) });
    unfinished.into_iter().chain(links).chain(addresses).chain(files).chain(find_key_problems(store)).collect()
}

/// What is wrong with the served keys and their copy.
fn find_key_problems(store: &Store) -> Vec<RepositoryProblem> {
    let faults = find_key_faults(store);
    let mut problems = Vec::new();
    for repair in faults.repairs {
        let what = match repair {
            KeyRepair::Served(file) => format!("`{}` {}", file.name, file.describe_fault()),
            KeyRepair::Copy(file) => format!("`{}` in the state is missing", file.name),
            KeyRepair::Older(_) => continue,
        };
        problems.push(RepositoryProblem { what, help: Some(help_to_repair()) });
    }
    for key in faults.foreign {
        problems.push(RepositoryProblem { what: describe_foreign(&store.layout, &key), help: None });
    }
    if let Some(why) = faults.damage {
        let what = format!("the copy `{}` in the state is damaged: {why}", Layout::key_copy_name());
        problems.push(RepositoryProblem { what, help: Some(help_to_copy_keys()) });
    }
    let lost = faults.lost.map(|lost| lost.describe(&store.layout));
    problems.extend(lost.map(|what| RepositoryProblem { what, help: Some(help_to_lost_keys()) }));
    problems
}

fn series_json(overview: &SeriesOverview, announcements: &SeriesAnnouncements) -> Value {
    let SeriesOverview { series, stable, latest, latest_note, snapshots, yanked, missing, due, problems } = overview;
    let reasons = due.iter().flat_map(|due| &due.reasons);
    let mut json = json!({
        "series": series,
        "stable": stable_json(stable),
        "latest": latest,
        "latest-note": latest_note,
        "snapshots": snapshots.iter().map(snapshot_json).collect::<Vec<_>>(),
        "yanked": yanked.iter().map(yanked_json).collect::<Vec<_>>(),
        "missing": missing.iter().map(|missing| json!({ "path": missing.path, "event": missing.event })).collect::<Vec<_>>(),
        "problems": problems,
        "due": reasons.map(|DueReason { due, configured }| json!({
            "case": due.case.map_or("major".to_owned(), |case| case.to_string()),
            "why": due.why,
            "configured": configured,
        })).collect::<Vec<_>>(),
        "next": due.as_ref().filter(|due| !due.reasons.is_empty()).map(|due| &due.next),
    });
    for (field, value) in announcements.json() {
        json[field] = value;
    }
    json
}

fn yanked_json(yanked: &YankedPackage) -> Value {
    json!({ "package": yanked.package, "by": event_json(&EventRef::of_yank(yanked)), "certain": yanked.why.is_some() })
}

fn stable_json(stable: &StableState) -> Value {
    let stable = match stable {
        StableState::Revision(revision) => revision,
        StableState::Nothing | StableState::Emptied | StableState::NoLink | StableState::NotLogged => {
            return Value::Null;
        }
        StableState::Lost(number) => return json!({ "version": null, "revision": number }),
    };
    let content = stable.content.as_ref();
    json!({
        "version": content.map(|content| &content.version),
        "revision": stable.revision,
        "snapshot": content.map(|content| &content.snapshot),
        "at": stable.made_by.as_ref().map(|event| event.at),
        "by": stable.made_by.as_ref().map(|event| json!({
            "event": event.number, "at": event.at, "what": event.action.to_string(), "force": event.action.force(),
        })),
        "dists": content.map(|content| &content.dists),
    })
}

fn snapshot_json(overview: &SnapshotOverview) -> Value {
    let manifest = overview.snapshot.as_ref().map(|snapshot| &snapshot.manifest);
    let tests = overview.tests.iter().map(|(test, verdict)| json!({ "name": test, "verdict": verdict }));
    let (state, by) = match &overview.promoted {
        PromotedState::Never => (None, None),
        PromotedState::Promoted(event) => (Some("promoted"), Some(event)),
        PromotedState::RolledBack(event) => (Some("rolled-back"), Some(event)),
    };
    json!({
        "name": overview.name,
        "version": manifest.map(|manifest| &manifest.release.version),
        "commit": manifest.map(|manifest| manifest.release.commit),
        "merged": manifest.map(|_| overview.merged),
        "tests": tests.collect::<Vec<_>>(),
        "promoted": state == Some("promoted"),
        "state": state,
        "by": by.map(event_json),
        "held": overview.held.as_ref().map(|hold| &hold.why),
        "held-until": overview.held.as_ref().and_then(|hold| hold.until),
        "force": overview.force,
    })
}

fn event_json(event: &EventRef) -> Value {
    json!({ "event": event.number, "at": event.at })
}
