//! `ci respond`: decides about an event of a forge, and answers it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::base::clock;
use crate::base::error::{Exit, Failure, program, this_call};
use crate::base::files;
use crate::base::progress::Progress as _;
use crate::ci::respond::apply::apply;
use crate::ci::respond::ask::{Asked, decide_asking};
use crate::ci::respond::decision::Decision;
use crate::ci::respond::wish::{Wish, find_wish};
use crate::cli::commands::ci::on_forge;
use crate::cli::context::Context;
use crate::cli::decided;
use crate::forge::event::{ForgeEvent, LARGEST_EVENT, NotAnEvent, read_event};
use crate::forge::find_place;

/// Arguments of `ci respond`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File with the payload of the event [default: that of GITHUB_EVENT_PATH]
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Name of the event, such as `issue_comment`; that of GitLab is in the payload [default: that of GITHUB_EVENT_NAME]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Also write the decision to FILE
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print what the event alone leads to; ask nobody and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Prints the decision.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    if let Some(out) = args.out.as_ref().filter(|_| !args.dry_run) {
        // The decision of an earlier run must not be taken for that of this one.
        match std::fs::remove_file(out) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove `{}`", out.display()));
            }
            _ => {}
        }
    }
    let event = load_event(args)?;
    let wish = match find_wish(&event) {
        Ok(wish) => wish,
        Err(reason) => return hand_over(context, args, &Decision::nothing(reason)),
    };
    if args.dry_run {
        return hand_over(context, args, &Decision::assume(&wish));
    }
    answer(context, args, &event, &wish)
}

/// Asks, decides, and carries the decision out.
fn answer(context: &Context, args: &Args, event: &ForgeEvent, wish: &Wish) -> Result<()> {
    let scratch = files::remote_scratch()?;
    let source = decided::base_source(context, &scratch)?;
    let trusted = source.trusted()?;
    if !event.is_about(&find_place(trusted.ci(), &source.address)?)? {
        return hand_over(
            context,
            args,
            &Decision::nothing("the event is of another repository than that of the forge"),
        );
    }
    let now = clock::now()?;
    if let Some(why) = wish.why_untimely(now) {
        return hand_over(context, args, &Decision::nothing(why));
    }
    let forge = decided::open_forge(&trusted, &source.address)?;
    let asked = Asked { forge: forge.as_ref(), source: &source, now, progress: &context.ui };
    let decision = decide_asking(wish, &asked)?;
    let refused = apply(forge.as_ref(), &decision, || hand_over(context, args, &decision))?;
    if let Some(why) = refused {
        context.ui.warn(&on_forge::without_status(&why));
    }
    Ok(())
}

/// Reads the event.
///
/// Errors (exit 2): no file or no name is stated; the file is too large, or no event.
fn load_event(args: &Args) -> Result<ForgeEvent> {
    let stated = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let path = args.event.clone().or_else(|| stated("GITHUB_EVENT_PATH").map(PathBuf::from)).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no event").help(format!(
            "name the file with its payload: `{} ci respond --event FILE --name issue_comment`",
            program()
        ))
    })?;
    let name = args.name.clone().or_else(|| stated("GITHUB_EVENT_NAME")?.into_string().ok());
    let unreadable = || format!("cannot read `{}`", path.display());
    let mut payload = Vec::new();
    let file = std::fs::File::open(&path).with_context(unreadable)?;
    file.take(LARGEST_EVENT + 1).read_to_end(&mut payload).with_context(unreadable)?;
    if payload.len() as u64 > LARGEST_EVENT {
        let message = format!("`{}` is no event: it has more than {} MiB", path.display(), LARGEST_EVENT >> 20);
        return Err(Failure::new(Exit::Usage, message).into());
    }
    Ok(read_event(&payload, name.as_deref()).map_err(|fault| match fault {
        NotAnEvent::Malformed(why) => Failure::new(Exit::Usage, format!("`{}` is no event: {why}", path.display())),
        NotAnEvent::Unnamed => {
            Failure::new(Exit::Usage, format!("`{}` does not say which event it is", path.display()))
                .help(format!("name it as the forge does: `{} --name issue_comment`", this_call()))
        }
    })?)
}

/// Prints the decision, and gives it to the next jobs. In a dry run nothing is written.
fn hand_over(context: &Context, args: &Args, decision: &Decision) -> Result<()> {
    let text = decision.render()?;
    if !args.dry_run {
        if let Some(out) = &args.out {
            files::write(out, text.as_bytes())?;
        }
        // Only a job of GitHub Actions, or of what behaves like it, has this file.
        if let Some(path) = std::env::var_os("GITHUB_OUTPUT").filter(|path| !path.is_empty()) {
            append(Path::new(&path), &format!("{}decision={text}", decision.outputs()))?;
        }
    }
    context.ui.print(&text)
}

/// Appends lines to a file that others may write to, too.
fn append(path: &Path, lines: &str) -> Result<()> {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened
        .and_then(|mut file| file.write_all(lines.as_bytes()))
        .with_context(|| format!("cannot write `{}` (GITHUB_OUTPUT)", path.display()))
}
