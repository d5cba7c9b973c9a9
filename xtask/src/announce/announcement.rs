//! The announcement of a release: its mail, made of the release, the configuration and the template.

use std::path::{Component, Path};

use anyhow::Result;

use crate::announce::mail::{MailAttachment, MailPeople, message_id, write_mail};
use crate::announce::release::PromotedRelease;
use crate::announce::served::address_of;
use crate::announce::text::{AnnouncedText, AnnouncedValues, BUILT_IN, TextForm, render_text};
use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{AnnounceKeys, PATH};
use crate::project::tree::Tree;
use crate::repository::model::layout::Layout;

/// The longest list of changes in the text, in bytes. A longer one is attached: servers of mailing lists hold long mails back.
const LONGEST_LIST: usize = 100_000;

/// How much of an attached list is in the text, in bytes.
const HEAD_OF_LIST: usize = 20_000;

/// A mail that can be sent.
pub struct Announcement {
    pub release: PromotedRelease,
    pub people: MailPeople,
    pub message_id: String,
    /// The mail with the line ends of the network.
    pub content: Vec<u8>,
}

impl Announcement {
    /// Writes the mail about a release. `tree` has the template.
    ///
    /// Errors (exit 2): the template is missing, is not UTF-8, or cannot be rendered.
    pub fn write(
        release: PromotedRelease,
        keys: &AnnounceKeys,
        people: MailPeople,
        layout: &Layout,
        tree: Tree<'_>,
    ) -> Result<Announcement> {
        let AnnouncedRelease { text, whole_list } = write_text(&release, keys, layout, tree, TextForm::Mail)?;
        let promotion = &release.promotion;
        let message_id = message_id(&layout.name, &promotion.version, &people.from);
        let content = write_mail(&people, &text, whole_list.as_ref(), promotion.at, &message_id);
        Ok(Announcement { release, people, message_id, content })
    }
}

/// The text about a release.
pub struct AnnouncedRelease {
    pub text: AnnouncedText,
    /// The whole list of changes, where the text has only its head.
    pub whole_list: Option<MailAttachment>,
}

/// Writes the text about a release. `tree` has the template.
///
/// Errors (exit 2): the template is missing, is not UTF-8, or cannot be rendered.
pub fn write_text(
    release: &PromotedRelease,
    keys: &AnnounceKeys,
    layout: &Layout,
    tree: Tree<'_>,
    form: TextForm,
) -> Result<AnnouncedRelease> {
    let promotion = &release.promotion;
    let template = load_template(keys, tree)?;
    let url = address_of(layout, promotion.series);
    let file_name = format!("ChangeLog-{}.txt", promotion.version);
    let is_listed = template.as_deref().unwrap_or(BUILT_IN).contains("@@CHANGELOG@@");
    let whole_list = (is_listed && release.changes.len() > LONGEST_LIST)
        .then(|| MailAttachment { file_name: file_name.clone(), content: release.changes.clone() });
    let head = whole_list.as_ref().map(|whole| head_of(&whole.content, &file_name));
    let values = AnnouncedValues {
        form,
        name: &layout.name,
        version: &promotion.version,
        promoted: promotion.at,
        changes: head.as_deref().unwrap_or(&release.changes),
        url: url.as_deref(),
    };
    let text = render(template.as_deref(), keys, &values)?;
    Ok(AnnouncedRelease { text, whole_list })
}

/// Sender and recipients by the configuration. Errors (exit 2): the keys of `[announce]` do not fit together.
pub fn find_people(keys: &AnnounceKeys) -> Result<MailPeople, Failure> {
    match (keys.find_conflict(), &keys.from) {
        (None, Some(from)) => Ok(MailPeople {
            from: from.clone(),
            to: keys.to.clone(),
            cc: keys.cc.clone(),
            reply_to: keys.reply_to.clone(),
        }),
        (why, _) => {
            let why = why.unwrap_or_default();
            let help = committed("correct `[announce]`; \"Setup\" in docs/announce.md has an example");
            Err(Failure::new(Exit::Usage, format!("`{PATH}`: {why}")).help(help))
        }
    }
}

fn render(template: Option<&str>, keys: &AnnounceKeys, values: &AnnouncedValues<'_>) -> Result<AnnouncedText, Failure> {
    render_text(template.unwrap_or(BUILT_IN), values).map_err(|wrong| {
        let path = keys.template.as_deref().unwrap_or("the built-in template");
        Failure::new(Exit::Usage, format!("`{path}` line {}: {}", wrong.line, wrong.why)).help(wrong.help)
    })
}

/// The template of the project, with the line ends of Unix; `None` if it has none of its own.
fn load_template(keys: &AnnounceKeys, tree: Tree<'_>) -> Result<Option<String>> {
    let Some(path) = &keys.template else { return Ok(None) };
    if Path::new(path).components().any(|part| !matches!(part, Component::Normal(_))) {
        let message = format!("`announce.template` in `{PATH}`: `{path}` is not a path within the project");
        return Err(Failure::new(Exit::Usage, message).help("name it relative to the root of the project").into());
    }
    let content = tree.read(path)?.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("the template `{path}` is not there"))
            .help(format!("write it, or {}", committed(&format!("correct `announce.template` in `{PATH}`"))))
    })?;
    let text = String::from_utf8(content).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Failure::new(Exit::Usage, format!("the template `{path}` is not UTF-8: byte {offset}"))
            .help(format!("convert the template: `iconv -f LATIN1 -t UTF-8 {path}`"))
    })?;
    Ok(Some(text.replace("\r\n", "\n")))
}

/// The first lines of a long list, and where the others are.
fn head_of(changes: &str, file_name: &str) -> String {
    let mut size = 0;
    let lines: Vec<&str> = changes.lines().collect();
    let head: Vec<&str> = lines
        .iter()
        .copied()
        .take_while(|line| {
            size += line.len() + 1;
            size <= HEAD_OF_LIST
        })
        .collect();
    let left = lines.len() - head.len();
    format!("{}\n\n({left} more lines are in the attached file {file_name})", head.join("\n").trim_end())
}
