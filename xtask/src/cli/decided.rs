//! The decision of `ci respond`, for the commands of the jobs after it.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, TreePath};
use crate::ci::merge::home::MergeHome;
use crate::ci::respond::ask::BaseSource;
use crate::ci::respond::decision::Decision;
use crate::ci::respond::order::MergeOrder;
use crate::cli::context::Context;
use crate::forge::{self, Forge};
use crate::git::remote::Remote;
use crate::project::trusted::TrustedKeys;

/// Reads a decision. Errors (exit 2): the file is none.
pub fn load(path: &Path) -> Result<Decision> {
    let text = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Decision::parse(&text).map_err(|why| {
        Failure::new(Exit::Usage, format!("`{}` is no decision: {why}", path.display()))
            .help(format!("`{} ci respond --out FILE` writes such a file", program()))
    })?)
}

/// Reads a decision to merge. Errors (exit 2): the file has another one.
pub fn load_order(context: &Context, path: &Path) -> Result<MergeOrder> {
    let decision = load(path)?;
    let scratch = files::remote_scratch()?;
    let source = base_source(context, &scratch)?;
    let place = forge::find_place(source.trusted()?.ci(), &source.address)?;
    Ok(MergeOrder::of(&decision, &place).map_err(|why| {
        let message = format!("`{}` is no decision to merge: {why}", path.display());
        Failure::new(Exit::Usage, message).help("merge only where the action of the decision is `merge`")
    })?)
}

/// The remote of the project, as a source of configurations. `scratch` is used for what is fetched.
pub fn base_source<'a>(context: &'a Context, scratch: &files::Scratch) -> Result<BaseSource<'a>> {
    let clone = context.workspace()?.repository()?;
    let home = MergeHome::new(&TreePath::top(scratch.path()), clone);
    Ok(BaseSource { clone, address: Remote::address_of("origin", clone.opened_at())?, home })
}

/// The forge of the project that is at the address `remote`. No other function opens a forge: a token is sent where the default branch says.
pub fn open_forge(trusted: &TrustedKeys, remote: &str) -> Result<Box<dyn Forge>> {
    forge::open(trusted.ci(), remote, &|name| std::env::var(name).ok())
}
