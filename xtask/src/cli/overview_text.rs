//! The text of `status`: a few lines for each series, each with a label, wrapped to the width of the terminal.

use jiff::SignedDuration;

use crate::announce::overview::{AnnounceOverview, ForgeOverview, SeriesAnnouncements, forge_command};
use crate::announce::release::ReleasePromotion;
use crate::base::error::{committed, program};
use crate::base::text::{one_line, printable, shorten, words, wrap};
use crate::repository::keys::stand::{KeyClients, KeyRole, KeyStand};
use crate::repository::keys::uses::KeyUses;
use crate::repository::model::event::{Action, Event};
use crate::repository::model::missing_folder::MissingFolder;
use crate::repository::model::test_result::TestVerdict;
use crate::repository::model::yanks::YankedPackage;
use crate::repository::overview::{
    EventRef, PromotedState, SeriesOverview, SnapshotOverview, StableOverview, StableState,
};
use crate::repository::promote::schedule::DueReason;
use crate::repository::retention::HoldInForce;

/// How many snapshots of a series are listed besides those that somebody may look for, and how many yanked packages.
const NEWEST: usize = 4;

/// How many characters of a reason are printed.
const REASON: usize = 60;

/// The column at which values begin.
const LABEL: usize = 14;

/// How the text is printed.
#[derive(Clone, Copy)]
pub struct TextStyle {
    /// `None` where there is no terminal: a value is one line.
    pub columns: Option<usize>,
    pub colored: bool,
}

/// The colour of a label.
#[derive(Clone, Copy)]
enum LabelColor {
    Plain,
    Bold,
    Good,
    Bad,
    Due,
}

impl TextStyle {
    /// A line with a label, or several if it is longer than the terminal is wide.
    fn line(self, label: &str, color: LabelColor, value: &str) -> String {
        let (value, indent) = (printable(value).replace('\n', "; ").replace('\t', " "), " ".repeat(LABEL));
        let head = format!("{label:<width$}", width = LABEL - 1);
        let lines = wrap(head, words(&value).into_iter(), self.columns.unwrap_or(usize::MAX), &indent);
        let text = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
        match text.strip_prefix(label) {
            Some(rest) => format!("{}{rest}", self.paint(color, label)),
            None => text,
        }
    }

    fn paint(self, color: LabelColor, text: &str) -> String {
        let code = match color {
            _ if !self.colored => return text.to_owned(),
            LabelColor::Plain => return text.to_owned(),
            LabelColor::Bold => "1",
            LabelColor::Good => "32",
            LabelColor::Bad => "1;31",
            LabelColor::Due => "1;33",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The text of a problem of the whole repository, and what to do.
pub fn render_problem(problem: &str, help: Option<&str>, style: TextStyle) -> String {
    let help = help.map_or(String::new(), |help| style.line("", LabelColor::Plain, help));
    style.line("problem", LabelColor::Bad, problem) + &help
}

/// The text of the keys: a line for each, and one for each that ends soon.
pub fn render_keys(keys: &[KeyStand], style: TextStyle) -> String {
    let mut text = String::new();
    for key in keys {
        text += &style.line("key", LabelColor::Plain, &describe_key(key));
        if let Some(warning) = &key.warning {
            text += &style.line("due", LabelColor::Due, warning);
        }
    }
    text
}

fn describe_key(key: &KeyStand) -> String {
    let until = if key.ended == Some("expired") { "ended" } else { "until" };
    let end = key.expires.map_or(String::new(), |end| format!(", {until} {}", end.strftime("%Y-%m-%d")));
    let name = key.name.plain();
    let role = match key.role {
        KeyRole::Sign if key.ended.is_some() => "should sign, and cannot",
        KeyRole::Sign => "signs",
        KeyRole::Next if key.ended.is_some() => "is the next key, and cannot sign",
        KeyRole::Next => "is the next key",
        KeyRole::Former if key.uses.is_some_and(|uses| !uses.is_needed()) => "is served",
        KeyRole::Former => "has signed before",
    };
    let why = key.ended.filter(|why| *why != "expired").map_or(String::new(), |why| format!(" (it is {why})"));
    let mut parts = vec![format!("{name} {role}{why}{end}")];
    if key.role != KeyRole::Sign || key.clients.iter().any(|clients| clients.revision.is_none() || clients.forced) {
        parts.extend(key.clients.iter().map(|clients| describe_clients(clients, key.role)));
    }
    if key.role == KeyRole::Next && key.clients.iter().all(|clients| clients.revision.is_some()) {
        parts.push(format!("when clients have upgraded, {}", committed("set `repository.sign` to it")));
    }
    if key.role == KeyRole::Former {
        parts.push(match key.uses {
            None => "what it has signed cannot be read".to_owned(),
            Some(uses) if !uses.is_needed() => {
                "it has signed nothing that is there, and the next promotion drops it".to_owned()
            }
            Some(KeyUses { packages, signatures }) => {
                format!("needed for {packages} packages and {signatures} signatures of repodata and checksums")
            }
        });
    }
    parts.join("; ")
}

fn describe_clients(clients: &KeyClients, role: KeyRole) -> String {
    let KeyClients { series, revision, at, forced, lacking } = clients;
    let Some(revision) = revision else {
        let dists = lacking.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return match role {
            KeyRole::Next => format!("not announced in stable/{series} for {dists} yet: the next promotion does it"),
            _ => format!("clients of stable/{series} for {dists} do not have it"),
        };
    };
    let date = at.map_or(String::new(), |at| format!(" since {}", at.strftime("%Y-%m-%d")));
    if *forced {
        return format!(
            "by force in stable/{series}{date}, by revision {revision}: clients that had the package `-repo` before need a \
             person; \"Changing the key\" in docs/maintainer.md has the steps"
        );
    }
    format!("announced in stable/{series}{date}, by revision {revision}")
}

/// The text of a series.
pub fn render(overview: &SeriesOverview, style: TextStyle) -> String {
    let series = overview.series;
    let mut text = style.line(&format!("stable/{series}"), LabelColor::Bold, &stable(&overview.stable));
    let (shown, more) = overview.yanked.split_at(overview.yanked.len().min(NEWEST));
    for yanked in shown {
        text += &style.line("yanked", LabelColor::Due, &describe_yanked(yanked));
    }
    if !more.is_empty() {
        text += &style.line("", LabelColor::Plain, &format!("and {} more packages", more.len()));
    }
    let listed = |index: usize, snapshot: &SnapshotOverview| index < NEWEST || must_list(overview, snapshot);
    let mut left_out = 0;
    for (index, snapshot) in overview.snapshots.iter().enumerate() {
        if !listed(index, snapshot) {
            left_out += 1;
            continue;
        }
        let mark = if overview.latest.as_ref() == Some(&snapshot.name) { "latest " } else { "" };
        let label = format!("unstable/{series}");
        text += &style.line(&label, color_of(snapshot), &format!("{mark}{}  {}", snapshot.name, describe(snapshot)));
    }
    if left_out > 0 {
        text += &style.line("", LabelColor::Plain, &format!("and {left_out} older"));
    }
    if let Some(note) = &overview.latest_note {
        text += &style.line("latest", LabelColor::Due, note);
    }
    for missing in &overview.missing {
        text += &style.line("missing", LabelColor::Bad, &describe_missing(missing));
    }
    for problem in &overview.problems {
        text += &style.line("problem", LabelColor::Bad, problem);
    }
    if let Some(due) = overview.due.as_ref().filter(|due| !due.reasons.is_empty()) {
        for reason in &due.reasons {
            text += &style.line("due", LabelColor::Due, &format!("{} ({})", due.version, describe_reason(reason)));
        }
        text += &style.line("next", LabelColor::Due, &due.next);
    }
    text
}

/// The lines about the announcement of the current release of a series.
pub fn render_announcements(announcements: &SeriesAnnouncements, style: TextStyle) -> String {
    let SeriesAnnouncements { mail, forge } = announcements;
    let mail = mail.as_ref().map(|mail| render_mail(mail, style)).unwrap_or_default();
    mail + &forge.as_ref().map(|forge| render_forge(forge, style)).unwrap_or_default()
}

fn render_forge(overview: &ForgeOverview, style: TextStyle) -> String {
    let ForgeOverview { version, shown } = overview;
    match shown {
        Some(shown) => style.line("on the forge", LabelColor::Good, &format!("{version}: {}", shown.page)),
        None => {
            let command = forge_command(version);
            style.line("due", LabelColor::Due, &format!("{version} is not shown on the forge; `{command}`"))
        }
    }
}

fn render_mail(overview: &AnnounceOverview, style: TextStyle) -> String {
    let AnnounceOverview { promotion: ReleasePromotion { version, .. }, state, next } = overview;
    match next {
        Some(next) => style.line("due", LabelColor::Due, &format!("{version} is {state}; {next}")),
        None => style.line("announced", LabelColor::Good, &format!("{version} was {state}")),
    }
}

fn describe_reason(DueReason { due, configured }: &DueReason) -> String {
    let not_automatic = match due.case {
        _ if *configured => "",
        Some(_) => "; `promotion.due` does not name it, and `promote --due` leaves it out",
        None => "; `promote --due` leaves it out",
    };
    format!("{due}{not_automatic}")
}

/// Whether somebody may look for a snapshot, however old it is.
fn must_list(overview: &SeriesOverview, snapshot: &SnapshotOverview) -> bool {
    let current = overview.stable.revision().and_then(|stable| stable.content.as_ref());
    overview.latest.as_ref() == Some(&snapshot.name)
        || snapshot.held.is_some()
        || current.is_some_and(|current| current.snapshot == snapshot.name)
}

fn color_of(snapshot: &SnapshotOverview) -> LabelColor {
    match snapshot.promoted {
        _ if failed(snapshot) => LabelColor::Bad,
        PromotedState::RolledBack(_) => LabelColor::Due,
        _ if !snapshot.merged => LabelColor::Plain,
        PromotedState::Never | PromotedState::Promoted(_) => LabelColor::Good,
    }
}

fn failed(snapshot: &SnapshotOverview) -> bool {
    snapshot.snapshot.is_none() || snapshot.tests.iter().any(|(_, verdict)| *verdict != TestVerdict::Passed)
}

fn describe_missing(MissingFolder { path, event, is_replaced }: &MissingFolder) -> String {
    let (instead, first) =
        if *is_replaced { ("; a link or a file is in its place", "move that away, and run ") } else { ("", "") };
    format!(
        "{path}, which event {event} made{instead}; to record that it is gone: {first}`{} prune --missing`",
        program()
    )
}

fn describe_yanked(yanked: &YankedPackage) -> String {
    let (package, when) = (&yanked.package, when(&EventRef::of_yank(yanked)));
    match yanked.why {
        Some(_) => format!("{package}, {when}"),
        None => format!("{package}, perhaps: an event that was lost may have done it; recorded {when}"),
    }
}

fn stable(stable: &StableState) -> String {
    let StableOverview { revision, made_by, content } = match stable {
        StableState::Revision(revision) => revision.as_ref(),
        StableState::Nothing => return "nothing yet".to_owned(),
        StableState::Emptied => return "nothing any more".to_owned(),
        StableState::NoLink => return "not known: something else is in the place of the link".to_owned(),
        StableState::NotLogged => {
            return "not known: the link is lost, and the log does not tell of a revision".to_owned();
        }
        StableState::Lost(number) => return format!("revision {number}, which is lost"),
    };
    let mut parts = Vec::new();
    match content {
        Some(content) => {
            parts.push(format!("{}  revision {revision}", content.version));
            let version = |version: &Option<_>| version.as_ref().map_or("none".to_owned(), ToString::to_string);
            parts.extend(content.dists.iter().map(|(dist, newest)| format!("{dist} {}", version(newest))));
        }
        None => parts.push(format!("revision {revision}, which cannot be read")),
    }
    parts.extend(made_by.iter().map(origin));
    parts.join(", ")
}

/// How the current revision came to be.
fn origin(event: &Event) -> String {
    let date = event.at.strftime("%Y-%m-%d");
    let made = match &event.action {
        Action::Promote { snapshot, .. } => format!("promoted {date} from {snapshot}"),
        Action::Rollback { to, .. } => format!("rolled back {date} to revision {to}"),
        Action::Yank { .. } => format!("packages yanked {date}"),
        other => format!("{date}: {other}"),
    };
    event.action.force().map_or_else(|| made.clone(), |reason| format!("{made} {}", by_force(reason)))
}

fn by_force(reason: &str) -> String {
    format!("with --force: {}", shorten(&one_line(reason), REASON))
}

fn when(event: &EventRef) -> String {
    format!("{} by event {}", event.at.strftime("%Y-%m-%d"), event.number)
}

/// The version, tests and fate of a snapshot.
fn describe(snapshot: &SnapshotOverview) -> String {
    let Some(manifest) = snapshot.snapshot.as_ref().map(|snapshot| &snapshot.manifest) else {
        return "no manifest that can be read".to_owned();
    };
    let mut parts = vec![manifest.release.version.to_string()];
    parts.extend((!snapshot.merged).then(|| "staged as unmerged".to_owned()));
    parts.extend(snapshot.tests.iter().map(|(test, verdict)| match verdict {
        TestVerdict::Passed => format!("{test} passed"),
        TestVerdict::Failed => format!("{test} FAILED"),
        TestVerdict::TimedOut => format!("{test} OUT OF TIME"),
    }));
    match &snapshot.promoted {
        PromotedState::Never => {}
        PromotedState::Promoted(event) => parts.push(format!("promoted {}", when(event))),
        PromotedState::RolledBack(event) => parts.push(format!("rolled back {}", when(event))),
    }
    parts.extend(snapshot.force.iter().map(|reason| format!("staged {}", by_force(reason))));
    parts.extend(snapshot.held.iter().map(|HoldInForce { why, until }| {
        // A hold ends with its last day.
        let last = until.map(|until| until - SignedDuration::from_secs(1));
        let until = last.map_or(String::new(), |last| format!(" until {}", last.strftime("%Y-%m-%d")));
        format!("held{until}: {why}")
    }));
    parts.join(", ")
}
