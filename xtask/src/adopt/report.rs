//! What is said to a person about a project that is adopted.

use crate::adopt::config_file::{INITIAL, NeededKeys};
use crate::adopt::files::WantedFiles;
use crate::adopt::found::{AdoptFacts, FormSource, RemoteFound, SpecFound, VersionFound, VersionStart};
use crate::adopt::plan::FileLeft;
use crate::base::text::one_line;
use crate::project::config::Config;

/// The facts, one line for each.
pub fn render_facts(facts: &AdoptFacts) -> String {
    let mut rows = vec![("name", format!("{} (by {})", facts.name, facts.name_source))];
    rows.extend(facts.builds.iter().map(|build| ("built by", build.describe())));
    if facts.builds.is_empty() {
        rows.push(("built by", "nothing that is known".to_owned()));
    }
    rows.push(("spec", facts.spec.to_string()));
    rows.push(("version", version_text(&facts.version)));
    rows.push(("main branch", facts.branch.as_ref().map_or("not known".to_owned(), |branch| format!("`{branch}`"))));
    rows.push((
        "forge",
        match &facts.remote {
            RemoteFound::None => "there is no remote `origin`".to_owned(),
            RemoteFound::Forge { forge, project } => format!("{forge}, `{project}`"),
            RemoteFound::Other(why) => why.clone(),
        },
    ));
    let tools = facts.tools.iter().map(|tool| format!("{} (`{}`)", tool.name, tool.path)).collect::<Vec<_>>();
    rows.push(("CI and tools", if tools.is_empty() { "none".to_owned() } else { tools.join(", ") }));
    let licence = facts.about.licence.as_ref();
    rows.push((
        "licence",
        licence.map_or("not found".to_owned(), |found| format!("{} (by `{}`)", found.expression, found.path)),
    ));
    let lines = rows.iter().map(|(what, value)| format!("  {what:<12}  {}\n", one_line(value)));
    format!("found:\n{}", lines.collect::<String>())
}

fn version_text(version: &VersionFound) -> String {
    match version {
        VersionFound::NoCommit => "there is no commit yet".to_owned(),
        VersionFound::NoTag => format!("there is no release tag: counted from `version.initial = \"{INITIAL}\"`"),
        VersionFound::Unclear(failure) => failure.message.clone(),
        VersionFound::Counted { version, start, forms, origin } => {
            let form = match origin {
                FormSource::Recognised => format!(", in the form {forms}"),
                FormSource::Configured => format!(", in the configured form {forms}"),
                FormSource::Default => String::new(),
            };
            match start {
                VersionStart::Tag(tag) => format!("{version}, counted from the tag `{tag}`{form}"),
                VersionStart::Merged => format!("{version}, counted from a tag that was merged in{form}"),
                VersionStart::Initial(initial) => format!("{version}, counted from `version.initial = \"{initial}\"`"),
            }
        }
    }
}

/// What is left as it is, what the configuration that is there lacks, and what a person has to decide.
pub fn render_remarks(
    facts: &AdoptFacts,
    wanted: &WantedFiles,
    left: &[FileLeft],
    existing: Option<&Config>,
) -> String {
    let mut text = String::new();
    let changes = existing.map(|config| changed_since(facts, &wanted.keys, config)).unwrap_or_default();
    if !left.is_empty() {
        text.push_str("left as they are:\n");
        for FileLeft { shown, is_same, is_config } in left {
            let why = match (is_config, is_same) {
                (true, _) if existing.is_some() && changes.is_empty() => "nothing has changed since it was written",
                (_, true) => "it is what would be written",
                (_, false) => "it is there already, with another content",
            };
            text.push_str(&format!("  {shown}: {why}\n"));
        }
    }
    if !changes.is_empty() {
        text.push_str("changed since the configuration was written:\n");
        text.extend(changes.iter().map(|change| format!("  {}\n", one_line(change))));
    }
    let open = to_decide(facts, wanted);
    if !open.is_empty() {
        text.push_str("to decide:\n");
        text.extend(open.iter().map(|line| format!("  {}\n", one_line(line))));
    }
    text
}

/// What has changed since a configuration was written.
fn changed_since(facts: &AdoptFacts, keys: &NeededKeys, config: &Config) -> Vec<String> {
    let mut changes = keys.missing_in(config);
    if let (Some(initial), VersionFound::Counted { start: VersionStart::Tag(tag), .. }) =
        (config.version.initial, &facts.version)
    {
        changes.push(format!("`version.initial = \"{initial}\"` has no effect any more: `{tag}` is a release tag"));
    }
    changes
}

/// That a file states a version, where the versions that are counted begin below it.
fn stated_version(facts: &AdoptFacts) -> Option<String> {
    let is_new = match &facts.version {
        VersionFound::NoTag | VersionFound::NoCommit => true,
        VersionFound::Counted { start: VersionStart::Initial(initial), .. } => initial == INITIAL,
        _ => false,
    };
    let stated = facts.about.version.as_ref().filter(|_| is_new)?;
    let milestone = stated.first_milestone()?;
    Some(format!(
        "`{}` states the version {}, which is not used, and there is no release tag: versions begin with {INITIAL}, which is below it; if it \
         is released, tag its commit, or write `initial = \"{milestone}\"` in place of `initial = \"{INITIAL}\"`",
        stated.path, stated.text
    ))
}

fn to_decide(facts: &AdoptFacts, wanted: &WantedFiles) -> Vec<String> {
    let mut open = Vec::new();
    let unclear = match &facts.version {
        VersionFound::Unclear(failure) => Some(failure),
        _ => None,
    };
    let spec = match &facts.spec {
        SpecFound::Unclear(failure) => Some(failure),
        _ => None,
    };
    for failure in unclear.into_iter().chain(spec) {
        open.push(failure.message.clone());
        open.extend(failure.help.iter().flat_map(|help| help.lines()).map(|line| format!("help: {line}")));
    }
    open.extend(stated_version(facts));
    open.extend(wanted.by_hand.iter().cloned());
    if let Some(why) = &wanted.no_spec {
        open.push(format!("no spec is written: {why}"));
    }
    open
}
